namespace SslOrleans.Contracts;

/// <summary>
/// A mistake that the user can mend: the message is one line that names what, where and what to do.
/// The console program prints it as it is and exits with 2.
/// </summary>
public sealed class UserErrorException : Exception
{
    public UserErrorException(string message)
        : base(message)
    {
    }

    public UserErrorException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
