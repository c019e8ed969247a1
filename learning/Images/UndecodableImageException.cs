
namespace SslOrleans.Learning.Images;

/// <summary>One image's bytes cannot be turned into pixels. A source counts these and puts another image in the place.</summary>
public sealed class UndecodableImageException : Exception
{
    public UndecodableImageException(string message)
        : base(message)
    {
    }
}
