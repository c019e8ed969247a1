namespace SslOrleans.Learning.Native;

/// <summary>The libtorch of this build is not whole or does not fit this machine: the message is one line that says what and how to mend it.</summary>
public sealed class LibTorchException : Exception
{
    public LibTorchException(string message)
        : base(message)
    {
    }

    public LibTorchException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
