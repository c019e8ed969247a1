using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts;
using SslOrleans.Learning.Evaluate;

namespace SslOrleans.Grains.Evaluation;

/// <summary>
/// Collects the features of one version from whatever workers are here. A worker takes its next block when it has given the last one, so
/// those with room do most; a lost worker's block is dealt again, and once none is left the idle ones take over what the busy ones still hold.
/// </summary>
internal sealed class FeatureHarvest(IGrainFactory grains, EvaluationOrder order, EvaluationImages images) : IDisposable
{
    /// <summary>Images in a block: small, since a busy machine takes long for one.</summary>
    private const int Block = 64;

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(200);

    private readonly FeatureMatrix _train = new(images.Train, images.Width);
    private readonly FeatureMatrix _test = new(images.Test, images.Width);
    private readonly HashSet<(bool Test, int First)> _open = [];
    private readonly Dictionary<(bool Test, int First), int> _held = [];
    private readonly Dictionary<string, Task> _working = [];
    private readonly HashSet<string> _failed = [];

    /// <summary>Blocks that each worker gave.</summary>
    public Dictionary<string, int> Shares { get; } = [];

    /// <summary>The features of a block as bytes.</summary>
    public Immutable<byte[]> Read(FeatureLease block)
        => new(System.Runtime.InteropServices.MemoryMarshal.AsBytes((block.Test ? _test : _train).Rows(block.First, block.Count)).ToArray());

    /// <summary>Returns when every block is there.</summary>
    public async Task Gather(Func<Task<IReadOnlyList<WorkerInfo>>> live)
    {
        foreach (var (first, _) in _train.Blocks(Block))
            _open.Add((false, first));
        foreach (var (first, _) in _test.Blocks(Block))
            _open.Add((true, first));
        while (_open.Count > 0)
        {
            foreach (var worker in await live())
            {
                if (!_failed.Contains(worker.Life) && (!_working.TryGetValue(worker.Life, out var task) || task.IsCompleted))
                    _working[worker.Life] = Work(worker);
            }

            await Task.WhenAny([Task.Delay(s_tick), .. _working.Values.Where(t => !t.IsCompleted)]);
            if (_working.Values.FirstOrDefault(t => t.IsFaulted) is { } mistake)
                await mistake;
        }
    }

    public void Dispose()
    {
        _train.Dispose();
        _test.Dispose();
    }

    private async Task Work(WorkerInfo worker)
    {
        var grain = grains.GetGrain<IWorkerGrain>(worker.Name);
        while (_open.Count > 0)
        {
            // The block that the fewest hold; a second holder of a block only when every one is held.
            var block = _open.MinBy(b => (_held.GetValueOrDefault(b), b.Test, b.First));
            _held[block] = _held.GetValueOrDefault(block) + 1;
            try
            {
                var matrix = block.Test ? _test : _train;
                var count = Math.Min(Block, matrix.Count - block.First);
                var features = await grain.Features(new FeatureLease(order.Run, order.Version, block.Test, block.First, count));
                if (!_open.Remove(block))
                    continue;
                Payload.Floats(features.Value).CopyTo(matrix.Rows(block.First, count));
                Shares[worker.Name] = Shares.GetValueOrDefault(worker.Name) + 1;
            }
            catch (UserErrorException)
            {
                throw;
            }
            catch (Exception)
            {
                // It is gone, or it is broken: a worker that comes back has a new life.
                _failed.Add(worker.Life);
                return;
            }
            finally
            {
                _held[block]--;
            }
        }
    }
}
