using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.Evaluation;

/// <summary>Evaluates the versions that it was given, one after the other. See <see cref="IEvaluatorGrain"/>.</summary>
[OnParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class EvaluatorGrain(PayloadStore payloads, ILogger<EvaluatorGrain> log) : Grain, IEvaluatorGrain
{
    /// <summary>Versions that may wait. When training is that far ahead the newest that waits makes room: first and last ones are kept.</summary>
    private const int MostWaiting = 4;

    private const int MostAttempts = 3;
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(200);

    private readonly List<(EvaluationOrder Order, VersionCopy Copy)> _waiting = [];
    private FeatureHarvest? _harvest;
    private Task _work = Task.CompletedTask;

    /// <summary>This silo ends, and what is left is asked for again where the run goes on.</summary>
    private bool _ended;

    private ITrainingRunGrain Run => GrainFactory.GetGrain<ITrainingRunGrain>(this.GetPrimaryKeyString());

    public async Task Evaluate(EvaluationOrder order)
    {
        if (_waiting.Any(w => w.Order.Version == order.Version))
            return;
        var slices = RecipeReader.Parse(order.Run.Recipe, where: order.Run.Run).Workers.Slices;
        var copy = await VersionCopy.Take(GrainFactory, payloads, order.Run.Run, order, slices);
        if (_waiting.Count > MostWaiting)
        {
            var (late, lateCopy) = _waiting[^1];
            lateCopy.Dispose();
            _waiting.RemoveAt(_waiting.Count - 1);
            await Run.Evaluated(new EvaluationResult(late.Version, late.Hash, [], [], [$"the probes of step {late.Version} are left out: {MostWaiting} earlier ones still wait for workers with room"], 0));
        }

        _waiting.Add((order, copy));
        if (_work.IsCompleted)
            _work = Work();
    }

    public Task<long[]> Pending() => Task.FromResult(_waiting.Select(w => w.Order.Version).ToArray());

    public Task<Payload> Weights(long version, bool teacher, int slice)
        => _waiting.FirstOrDefault(w => w.Order.Version == version).Copy is { } copy
            ? Task.FromResult(copy.Slice(teacher, slice))
            : throw new OutdatedException($"Version {version} is evaluated already.");

    public Task<Immutable<byte[]>> Features(FeatureLease block)
        => _harvest is not null && _waiting[0].Order.Version == block.Version
            ? Task.FromResult(_harvest.Read(block))
            : throw new OutdatedException($"Version {block.Version} is evaluated already.");

    public Task<EvaluatorFacts> GetState()
    {
        var now = _waiting.Count > 0 ? _waiting[0].Order : null;
        return Task.FromResult(new EvaluatorFacts(
            now?.Version,
            now?.Hash ?? "",
            now?.Probes ?? [],
            [.. _waiting.Skip(1).Select(w => w.Order.Version)],
            _waiting.Sum(w => w.Copy.Bytes),
            now is null ? "the next version" : _harvest is null ? "the features of its images" : "its probes"));
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _ended = true;
        return Task.CompletedTask;
    }

    private async Task Work()
    {
        while (_waiting.Count > 0)
        {
            var order = _waiting[0].Order;
            var started = Stopwatch.GetTimestamp();
            EvaluationResult result;
            try
            {
                result = await Evaluated(order);
            }
            catch (ObjectDisposedException e) when (e.ObjectName == nameof(IServiceProvider))
            {
                // This silo has ended on the way; where the run goes on, it asks again.
                return;
            }
            catch (Exception) when (_ended)
            {
                return;
            }
            catch (Exception e)
            {
                if (e is not UserErrorException)
                    log.LogError(e, "Evaluation of run {Run} at step {Step} failed", order.Run.Run, order.Version);
                result = new EvaluationResult(order.Version, order.Hash, [], [], [$"the probes of step {order.Version} failed: {e.Message}"], 0);
            }

            await Run.Evaluated(result with { Hash = order.Hash, Seconds = Stopwatch.GetElapsedTime(started).TotalSeconds });
            _waiting[0].Copy.Dispose();
            _waiting.RemoveAt(0);
        }
    }

    private async Task<EvaluationResult> Evaluated(EvaluationOrder order)
    {
        var images = await Ask(order, (await Live(order)).Select(w => w.Name), w => w.Images(order.Run));
        if (images.DataFingerprint != order.DataFingerprint)
            throw new UserErrorException($"a worker sees other images ({images.DataFingerprint}) than the run ({order.DataFingerprint})");
        using var harvest = new FeatureHarvest(GrainFactory, order, images);
        await harvest.Gather(() => Live(order));
        _harvest = harvest;
        try
        {
            // Who gave most blocks has most room.
            var byRoom = harvest.Shares.OrderByDescending(s => s.Value).Select(s => s.Key).Concat((await Live(order)).Select(w => w.Name)).Distinct();
            return await Ask(order, byRoom, w => w.Probe(new ProbeLease(order.Run, order.Version, order.Probes)));
        }
        finally
        {
            _harvest = null;
        }
    }

    /// <summary>The first answer of the workers given; when all fail, of those that are here then.</summary>
    private async Task<T> Ask<T>(EvaluationOrder order, IEnumerable<string> workers, Func<IWorkerGrain, Task<T>> question)
    {
        for (var attempt = 1; ; attempt++)
        {
            foreach (var worker in workers)
            {
                try
                {
                    return await WhileHere(order, worker, question(GrainFactory.GetGrain<IWorkerGrain>(worker)));
                }
                catch (Exception e) when (e is not UserErrorException && attempt < MostAttempts)
                {
                }
            }

            await Task.Delay(s_tick);
            workers = (await Live(order)).Select(w => w.Name);
            if (!workers.Any())
                attempt--;
        }
    }

    /// <summary>The answer, unless the worker leaves the pool before it comes.</summary>
    private async Task<T> WhileHere<T>(EvaluationOrder order, string worker, Task<T> answer)
    {
        while (await Task.WhenAny(answer, Task.Delay(TimeSpan.FromSeconds(1))) != answer)
        {
            if ((await Live(order)).All(w => w.Name != worker))
                throw new OutdatedException($"Worker {worker} is gone.");
        }

        return await answer;
    }

    /// <summary>The workers of the run's numerics class; waits for one.</summary>
    private async Task<IReadOnlyList<WorkerInfo>> Live(EvaluationOrder order)
    {
        var precision = RecipeReader.Parse(order.Run.Recipe, where: order.Run.Run).Workers.Precision;
        while (true)
        {
            var here = (await GrainFactory.GetGrain<IWorkerPoolGrain>(IWorkerPoolGrain.Key).Live())
                .Where(w => order.NumericsClass.Length == 0 || w.NumericsClassIn(precision) == order.NumericsClass).ToList();
            if (here.Count > 0)
                return here;
            await Task.Delay(s_tick);
        }
    }
}
