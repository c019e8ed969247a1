using System.Collections.Concurrent;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Steps;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Workers;

/// <summary>
/// Adds the gradients of a lease in tree order and sends each of its whole subtrees to the slices as soon as it is complete,
/// while the next micro-batch is computed: one partial sum per subtree, whatever the number of workers.
/// </summary>
internal sealed class GradientPush(
    string run, long step, long attempt, MicroBatchRange[] leaves, RunPlan plan, ParameterLayout layout, string life, IGrainFactory grains, PayloadStore payloads,
    ConcurrentStack<float[]> free) : IDisposable
{
    private readonly IReadOnlyList<int> _drawn = plan.Drawn(step).MicroBatches;
    private readonly MicroBatchRange[] _whole = Apart(plan, step, leaves);
    private readonly TreeSum _sum = new(plan.MicroBatches, free.Push);
    private readonly List<Task> _sending = [];
    private readonly Lock _lock = new();
    private bool _over;

    /// <summary>A vector for one micro-batch's gradient; every element will be written.</summary>
    public float[] Rent() => free.TryPop(out var vector) ? vector : new float[layout.Length];

    /// <summary>Takes a micro-batch's gradient; on the compute thread.</summary>
    public void Add(int microBatch, float[] gradient)
    {
        lock (_lock)
        {
            // Another micro-batch of the lease failed, and this one was still under way.
            if (_over)
                return;
            _sum.Add(new MicroBatchRange(microBatch, 1), gradient);
            foreach (var whole in _whole.Where(l => _sum.Parts.ContainsKey(l)))
                Send(whole, _sum.Take(whole));
        }
    }

    /// <summary>The lease's subtrees, with every drawn micro-batch by itself: a slice can compare it then. The tree gives the same bits.</summary>
    public static MicroBatchRange[] Apart(RunPlan plan, long step, MicroBatchRange[] leaves)
    {
        var drawn = plan.Drawn(step).MicroBatches;
        return drawn.Count == 0
            ? leaves
            : [.. leaves.SelectMany(l => StepPlanner.Cover(plan.MicroBatches, Enumerable.Range(l.Start, l.Size).Except(drawn))
                .Concat(drawn.Where(m => m >= l.Start && m < l.End).Select(m => new MicroBatchRange(m, 1))))];
    }

    /// <summary>Every part has arrived.</summary>
    public Task Done() => Task.WhenAll(_sending);

    public void Dispose()
    {
        lock (_lock)
        {
            _over = true;
            _sum.Clear();
        }
    }

    private void Send(MicroBatchRange whole, float[] vector)
    {
        foreach (var slice in layout.Slices)
            _sending.Add(Send(slice.Index, whole, payloads.Keep(vector.AsSpan(slice.Offset, slice.Length))));
        free.Push(vector);
    }

    private async Task Send(int slice, MicroBatchRange whole, KeptPayload values)
    {
        using (values)
            await MovingGrains.Ask(() => grains.GetGrain<IParameterGrain>($"{new SliceKey(run, slice)}").Push(new PartialSum(run, step, whole, values.Payload, life)
            {
                Attempt = attempt,
                Drawn = whole.Size == 1 && _drawn.Contains(whole.Start),
            }));
    }
}
