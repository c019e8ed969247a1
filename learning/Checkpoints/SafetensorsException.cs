namespace SslOrleans.Learning.Checkpoints;

/// <summary>The bytes are no safetensors file, or hold something else than what was asked for; the message says which tensor and why.</summary>
public sealed class SafetensorsException : Exception
{
    public SafetensorsException(string message)
        : base(message)
    {
    }

    public SafetensorsException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
