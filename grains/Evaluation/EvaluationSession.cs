using SslOrleans.Learning.Numerics;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Evaluation;

/// <summary>
/// A worker's part in the evaluation of one run. Thread and networks are its own: training on the same worker shares neither a tensor
/// nor a turn with it, and the operating system gives its thread only time that training leaves.
/// </summary>
internal sealed class EvaluationSession : IDisposable
{
    private readonly RunBrief _run;
    private readonly Recipe _recipe;
    private readonly IEvaluatorGrain _evaluator;
    private readonly PayloadStore _payloads;
    private readonly ITrainingData _data;
    private readonly ComputeThread _thread;
    private readonly Encoder _encoder;
    private readonly SemaphoreSlim _one = new(1, 1);
    private long _loaded = -1;

    private EvaluationSession(RunBrief run, Recipe recipe, IEvaluatorGrain evaluator, PayloadStore payloads, ITrainingData data, ComputeThread thread, Encoder encoder, EvaluationImages images)
    {
        (_run, _recipe, _evaluator, _payloads, _data, _thread, _encoder, Images) = (run, recipe, evaluator, payloads, data, thread, encoder, images);
    }

    /// <summary>What there is to encode.</summary>
    public EvaluationImages Images { get; }

    /// <summary>Builds the networks and opens the data.</summary>
    public static async Task<EvaluationSession> Open(RunBrief run, IWorkerEnvironment environment, int index, IGrainFactory grains, PayloadStore payloads)
    {
        var recipe = RecipeReader.Parse(run.Recipe, where: run.Run);
        var data = await Task.Run(() => environment.Open(recipe, run.DataPath));
        var thread = new ComputeThread($"evaluation of {run.Run}", yields: true);
        var (encoder, images) = await thread.Run(() =>
        {
            // The count that training workers have: libtorch keeps it per thread, its BLAS for the whole process.
            ThreadCount.Set(recipe.Workers.ThreadsPerWorker);
            var networks = Encoder.OfRecipe(recipe, recipe.Evaluation.Teacher, environment.Device(index));
            var train = data.Evaluation(test: false)!;
            var test = data.Evaluation(test: true);
            var width = networks.Encode(train.View(0, 1), [ProbeReport.Backbone])[0].Width;
            return (networks, new EvaluationImages(train.Count, test?.Count ?? 0, width, data.Fingerprint));
        });
        return new EvaluationSession(run, recipe, grains.GetGrain<IEvaluatorGrain>(run.Run), payloads, data, thread, encoder, images);
    }

    public async Task<Immutable<byte[]>> Features(FeatureLease block)
    {
        await _one.WaitAsync();
        try
        {
            await BringTo(block.Version);
            return await _thread.Run(() =>
            {
                var set = _data.Evaluation(block.Test)!;
                var features = _encoder.Encode(set.View(block.First, block.Count), [ProbeReport.Backbone])[0];
                return new Immutable<byte[]>(MemoryMarshal.AsBytes(features.Rows(0, block.Count)).ToArray());
            });
        }
        finally
        {
            _one.Release();
        }
    }

    public async Task<EvaluationResult> Probe(ProbeLease lease)
    {
        var started = Stopwatch.GetTimestamp();
        using var train = await Fetch(lease, test: false, Images.Train);
        using var test = Images.Test == 0 ? null : await Fetch(lease, test: true, Images.Test);
        using var paired = await Paired(lease, test);
        var reports = await _thread.Run(() => ProbeSuite.Run(
            lease.Probes,
            [new ProbeData(ProbeReport.Backbone, train, _data.Evaluation(false)!.Labels, test, _data.Evaluation(true)?.Labels) { Paired = paired }, .. Raw()],
            Settings()));
        var values = reports.SelectMany(r => r.Metrics).ToDictionary();
        return new EvaluationResult(
            lease.Version,
            "",
            values,
            [.. values.Keys.Where(ProbeReport.IsHeadline)],
            [.. reports.Where(r => r.Error is not null).Select(r => $"{r.Probe} was not run: {r.Error}")],
            Stopwatch.GetElapsedTime(started).TotalSeconds);
    }

    public void Dispose()
    {
        _ = _thread.Run(_encoder.Dispose);
        _thread.Dispose();
        _data.Dispose();
    }

    /// <summary>The baseline of a table's features, which is what goes into the encoder; none of other samples.</summary>
    private IEnumerable<ProbeData> Raw()
    {
        if (!_encoder.Layers.Contains(ProbeReport.Raw))
            yield break;
        var (train, test) = (_data.Evaluation(false)!, _data.Evaluation(true));
        yield return new ProbeData(ProbeReport.Raw, Of(train), train.Labels, test is null ? null : Of(test), test?.Labels);

        FeatureMatrix Of(EvaluationSet set) => _encoder.Encode(set.View(0, set.Count), [ProbeReport.Raw])[0];
    }

    /// <summary>Texts are few beside images, so that this worker encodes them all; only where a probe reads them.</summary>
    private async Task<PairedFeatures?> Paired(ProbeLease lease, FeatureMatrix? test)
    {
        if (test is null || !lease.Probes.Any(p => p is "zeroshot" or "retrieval"))
            return null;
        await _one.WaitAsync();
        try
        {
            await BringTo(lease.Version);
            return await _thread.Run(() => PairedFeatures.Of(_encoder, _data.Evaluation(true)!, test));
        }
        finally
        {
            _one.Release();
        }
    }

    private ProbeSettings Settings() => new()
    {
        Neighbours = _recipe.Evaluation.Neighbours,
        Temperature = _recipe.Evaluation.Temperature,
        MoreNeighbours = [],
        Linear = new LinearOptions { Seed = _recipe.Seed },
        Mlp = new MlpOptions { Seed = _recipe.Seed },
        Shots = ProbeSettings.ShotsOf(_recipe.Data.Modality),
    };

    private async Task<FeatureMatrix> Fetch(ProbeLease lease, bool test, int count)
    {
        var features = new FeatureMatrix(count, Images.Width);
        foreach (var (first, rows) in features.Blocks(FeaturePass.Block))
        {
            var block = await _evaluator.Features(new FeatureLease(_run, lease.Version, test, first, rows));
            Payload.Floats(block.Value).CopyTo(features.Rows(first, rows));
        }

        return features;
    }

    private async Task BringTo(long version)
    {
        if (_loaded == version)
            return;
        var layout = _encoder.Layout;
        var student = new float[layout.Length];
        var teacher = layout.HasTeacher ? new float[layout.Length] : [];
        foreach (var slice in layout.Slices)
        {
            await _payloads.Take(await _evaluator.Weights(version, false, slice.Index), student.AsMemory(slice.Offset, slice.Length));
            if (slice.Entries.Any(e => e.Followed))
                await _payloads.Take(await _evaluator.Weights(version, true, slice.Index), teacher.AsMemory(slice.Offset, slice.Length));
        }

        await _thread.Run(() => _encoder.Load(student, teacher));
        _loaded = version;
    }
}
