using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Data;
using SslOrleans.Grains.Devices;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Silo;

/// <summary>Devices, numerics class and data of this process's workers.</summary>
internal sealed class WorkerEnvironment : IWorkerEnvironment
{
    private readonly SiloSettings _settings;
    private readonly ConcurrentDictionary<string, Lazy<ITrainingData>> _data = new();
    private readonly Lazy<DataSources> _sources;

    public WorkerEnvironment(SiloSettings settings, IServiceProvider services, ILogger<WorkerEnvironment> log)
    {
        _settings = settings;
        _sources = new Lazy<DataSources>(() => new DataSources(services.GetRequiredService<IGrainFactory>(), text => log.LogWarning("{Message}", text)));
        NumericsClass_ = Numerics.Class(settings.Device, settings.ThreadsPerWorker);
    }

    private string NumericsClass_ { get; }

    /// <exception cref="UserErrorException">The device is unknown or not there.</exception>
    public Device Device(int index)
    {
        try
        {
            return Devices.Gpus(_settings.Device) is { Count: > 0 } gpus ? Devices.Parse(gpus[index % gpus.Count]) : CPU;
        }
        catch (UserErrorException e)
        {
            throw new UserErrorException(e.Message, e) { Reason = RefusalReason.Worker };
        }
    }

    public string NumericsClass(int index) => NumericsClass_;

    public ITrainingData Open(Recipe recipe, string dataPath)
    {
        if (recipe.Workers.ThreadsPerWorker != _settings.ThreadsPerWorker)
            throw new UserErrorException($"workers.threadsPerWorker is {recipe.Workers.ThreadsPerWorker}, but this silo gives each worker {_settings.ThreadsPerWorker}; start it with --threads {recipe.Workers.ThreadsPerWorker}.") { Reason = RefusalReason.Worker };

        // Workers of one process share the samples.
        var key = $"{dataPath}|{RecipeReader.Write(recipe)}";
        try
        {
            return new SharedData(_data.GetOrAdd(key, _ => new Lazy<ITrainingData>(() => TrainingData.Open(recipe, new DataAccess((split, options) => Read(dataPath, split, options), () => _sources.Value.Files(dataPath))))).Value, _settings.SlowDown);
        }
        catch
        {
            _data.TryRemove(key, out _);
            throw;
        }
    }

    private IImageSource Read(string dataPath, string split, SourceOptions options)
    {
        try
        {
            return _sources.Value.Open(dataPath, split, options);
        }
        catch (UserErrorException e) when (e.Reason == RefusalReason.Recipe)
        {
            throw new UserErrorException(e.Message, e) { Reason = RefusalReason.Data };
        }
    }

    /// <summary>A view on shared data whose disposal leaves them to the others.</summary>
    private sealed class SharedData(ITrainingData data, TimeSpan slowDown) : ITrainingData
    {
        public long Samples => data.Samples;

        public IReadOnlyList<string> Classes => data.Classes;

        public IReadOnlyList<string> Notes => data.Notes;

        public string Fingerprint => data.Fingerprint;

        public long[] SampleIds(long firstPosition, int count) => data.SampleIds(firstPosition, count);

        public MicroBatchViews Render(long firstPosition, int count)
        {
            if (slowDown > TimeSpan.Zero)
                Thread.Sleep(slowDown);
            return data.Render(firstPosition, count);
        }

        public EvaluationSet? Evaluation(bool test) => data.Evaluation(test);

        public void Dispose()
        {
        }
    }
}
