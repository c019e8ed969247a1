using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Records;

/// <summary>
/// When a run writes checkpoints, and how it waits for a storage that does not take one. Writing goes on beside the training;
/// while one is being written only the newest of those that come next is kept. Called from one scheduler; <c>tell</c> too.
/// </summary>
public sealed class CheckpointKeeper(IRunStorage storage, string run, CheckpointRecipe recipe, Action<string> tell)
{
    private readonly CheckpointStore _store = new(storage, run);
    private CheckpointContent? _next;
    private Task _writing = Task.CompletedTask;

    /// <summary>Time between two tries.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Step of the newest whole checkpoint; −1 when none is known.</summary>
    public long Last { get; private set; } = -1;

    /// <summary>The recipe wants a checkpoint after this many commits.</summary>
    public bool IsDue(long step) => recipe.EverySteps > 0 && step > 0 && step % recipe.EverySteps == 0;

    /// <summary>Returns when nothing is being written any more, whatever came of it.</summary>
    public async Task Settle() => await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);

    /// <summary>The newest whole checkpoint of at most <paramref name="upTo"/> commits; says aloud which ones were passed over.</summary>
    /// <exception cref="StorageUnavailableException">The storage does not answer.</exception>
    public async Task<CheckpointManifest?> Newest(long upTo)
    {
        var (found, skipped) = await _store.Newest(upTo);
        foreach (var why in skipped)
            tell($"checkpoint passed over: {why}");
        Last = found?.Step ?? -1;
        return found;
    }

    /// <summary>
    /// Writes a checkpoint and removes old ones. While the storage cannot take it and waiting may help, it waits and says so.
    /// </summary>
    /// <param name="content">Must not change any more.</param>
    /// <param name="wait">Return when it is durable; otherwise at once, and a failure is only told.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="StorageUnavailableException">With <paramref name="wait"/>: waiting does not help.</exception>
    public async Task Write(CheckpointContent content, bool wait, CancellationToken cancellation = default)
    {
        _next = wait ? null : content;
        if (wait)
        {
            await Settle();
            await WriteOne(content, cancellation);
        }
        else if (_writing.IsCompleted)
        {
            _writing = WriteAll(cancellation);
        }
    }

    private async Task WriteAll(CancellationToken cancellation)
    {
        while (_next is { } content)
        {
            _next = null;
            try
            {
                await WriteOne(content, cancellation);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                tell($"checkpoint {content.Step} was not written: {e.Message}");
            }
        }
    }

    private async Task WriteOne(CheckpointContent content, CancellationToken cancellation)
    {
        for (var waited = false; ; waited = true)
        {
            try
            {
                await _store.Write(content, cancellation);
                break;
            }
            catch (StorageUnavailableException e) when (e.IsTransient)
            {
                if (!waited)
                    tell($"checkpoint {content.Step} waits for the storage: {e.Message}");
                await Task.Delay(RetryDelay, cancellation);
                (content, _next) = (_next ?? content, null);
            }
        }

        Last = content.Step;
        try
        {
            await _store.Prune(Math.Max(1, recipe.Keep), cancellation);
        }
        catch (StorageUnavailableException e)
        {
            tell($"old checkpoints could not be removed: {e.Message}");
        }
    }
}
