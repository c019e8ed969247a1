
namespace SslOrleans.Contracts;

/// <summary>Where the reason of a refusal lies, which decides whether somebody else could do what was asked.</summary>
public enum RefusalReason
{
    /// <summary>In the recipe or in the call: nobody can do it.</summary>
    Recipe,

    /// <summary>In the images: nobody can do it with them.</summary>
    Data,

    /// <summary>In this build of the program or of its libraries: no process of it can.</summary>
    Build,

    /// <summary>In the process that was asked: its device, its threads, its processor. Another one may be able to.</summary>
    Worker,
}

/// <summary>
/// A mistake that the user can mend: the message is one line that names what, where and what to do.
/// The console program prints it as it is and exits with 2.
/// </summary>
[GenerateSerializer]
[Alias("SslOrleans.UserErrorException")]
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

    /// <summary>Where the reason lies. Only <see cref="RefusalReason.Worker"/> lets a run wait for another worker.</summary>
    [Id(0)]
    public RefusalReason Reason { get; init; }
}
