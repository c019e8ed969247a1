
namespace SslOrleans.Silo;

/// <summary>
/// What Orleans calls when a silo cannot go on, most often because the others declared it dead while it did not answer. Orleans' own handler
/// aborts the process with a core dump; here the end is something that <see cref="SupervisedSilo"/> waits for.
/// </summary>
internal sealed class SiloEnd : IFatalErrorHandler
{
    private readonly TaskCompletionSource<string> _reason = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Why, in Orleans' words; completes when the silo has ended.</summary>
    public Task<string> Reason => _reason.Task;

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
        => _reason.TrySetResult(exception is null ? $"{context}" : $"{context}: {exception.Message}");
}
