namespace SslOrleans.Grains.Storage;

/// <summary>
/// The storage does not take or give what was asked: a full disk, a broken one, a container that cannot be reached.
/// Nothing was changed, or a repeated call finds out what was. The run keeps its step and asks again.
/// </summary>
public sealed class StorageUnavailableException : Exception
{
    /// <param name="message">One line for people, without any credential.</param>
    /// <param name="isTransient">True when waiting can mend it; false when a person must (permission, credentials, a read-only disk).</param>
    /// <param name="innerException">Only where it cannot carry a credential.</param>
    public StorageUnavailableException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException)
        => IsTransient = isTransient;

    /// <summary>Waiting can mend it.</summary>
    public bool IsTransient { get; }
}

/// <summary>The content is not what the caller knows: somebody else has written it. Asking again does not help; reading again does.</summary>
public sealed class StorageConflictException(string message) : Exception(message);
