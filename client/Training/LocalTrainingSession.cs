using System.Diagnostics;
using System.Threading.Channels;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Client.Training;

/// <summary>
/// Trains in this process without any grain: <see cref="LocalTrainer"/> on as many lanes as the machine has cores to give.
/// Writes <c>recipe.jsonc</c> and <c>metrics.jsonl</c>. It keeps no checkpoint and no ledger, so it cannot be resumed.
/// </summary>
public sealed class LocalTrainingSession : ITrainingSession
{
    private readonly TrainingRequest _request;
    private readonly ImageTrainingData _data;
    private readonly LocalTrainer _trainer;
    private readonly StreamWriter _metrics;
    private readonly Channel<RunNews> _news = Channel.CreateUnbounded<RunNews>();
    private readonly ManualResetEventSlim _running = new(initialState: true);
    private readonly Dictionary<string, double> _probes = [];
    private readonly Thread _thread;
    private volatile bool _stop;
    private long _sequence;
    private double _imagesPerSecond;
    private double _dataWaitShare;
    private StepReport? _last;

    private LocalTrainingSession(TrainingRequest request, ImageTrainingData data, LocalTrainer trainer)
    {
        (_request, _data, _trainer) = (request, data, trainer);
        Directory.CreateDirectory(request.Folder);
        File.WriteAllText(Path.Combine(request.Folder, "recipe.jsonc"), RecipeReader.Write(request.Recipe));
        _metrics = new StreamWriter(Path.Combine(request.Folder, "metrics.jsonl")) { AutoFlush = true };
        _thread = new Thread(Train) { IsBackground = true, Name = $"training {request.Run}" };
        _thread.Start();
    }

    public string Run => _request.Run;

    /// <summary>Opens data and networks, then trains on a thread of its own.</summary>
    public static LocalTrainingSession Open(TrainingRequest request)
    {
        if (request.Resume)
            throw new UserErrorException($"Run {request.Run} was trained without checkpoints and cannot be resumed; start it again under another --run name.");
        if (File.Exists(Path.Combine(request.Folder, "recipe.jsonc")))
            throw new UserErrorException($"Run {request.Run} exists in {request.RunsFolder}; choose another name with --run.");
        var device = Devices.Parse(request.Device);
        var data = new ImageTrainingData(request.Recipe, request.DataPath);
        try
        {
            var lanes = Math.Max(1, Math.Min(request.Recipe.Batch.MicroBatches, Environment.ProcessorCount / request.Recipe.Workers.ThreadsPerWorker));
            // Checks what data and recipe say of each other before any folder is made.
            _ = new RunPlan(request.Recipe, data.Samples);
            return new LocalTrainingSession(request, data, new LocalTrainer(request.Recipe, data, device.type == TorchSharp.DeviceType.CPU ? lanes : 1, device));
        }
        catch
        {
            data.Dispose();
            throw;
        }
    }

    public IAsyncEnumerable<RunNews> News(CancellationToken cancellationToken) => _news.Reader.ReadAllAsync(cancellationToken);

    public Task Pause()
    {
        _running.Reset();
        return Task.CompletedTask;
    }

    public Task Continue()
    {
        _running.Set();
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _stop = true;
        _running.Set();
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        await Task.Run(_thread.Join);
        _trainer.Dispose();
        _data.Dispose();
        await _metrics.DisposeAsync();
        _running.Dispose();
    }

    private void Train()
    {
        try
        {
            var phase = Loop();
            if (_data.Undecodable.Count > 0)
                Tell("message", $"{_data.Undecodable.Count} images did not decode and were replaced; `sslo data inspect` lists them");
            Publish(phase, "");
        }
        catch (Exception e)
        {
            if (e is AggregateException { InnerException: { } inner })
                e = inner;
            if (e is UserErrorException)
                Publish(RunPhase.Failed, e.Message);
            else
                _news.Writer.TryComplete(e);
        }

        _news.Writer.TryComplete();
    }

    private RunPhase Loop()
    {
        var total = _trainer.Plan.TotalSteps;
        var every = _request.Recipe.Evaluation.EveryEpochs * _data.Samples / _trainer.Plan.EffectiveBatch;
        Probe();
        while (_trainer.Step < total)
        {
            _running.Wait();
            if (_stop)
                return RunPhase.Stopped;
            Step();
            if (_trainer.Step == total || (every > 0 && Math.Floor(_trainer.Step / every) > Math.Floor((_trainer.Step - 1) / every)))
                Probe();
        }

        return RunPhase.Completed;
    }

    private void Step()
    {
        var report = _last = _trainer.RunStep();
        var now = _trainer.Plan.EffectiveBatch / report.Seconds;
        _imagesPerSecond = _imagesPerSecond == 0 ? now : (0.8 * _imagesPerSecond) + (0.2 * now);
        _dataWaitShare = (0.8 * _dataWaitShare) + (0.2 * report.DataSeconds / report.Seconds);
        var values = new Dictionary<string, double>
        {
            ["loss"] = report.Loss,
            ["learningRate"] = report.LearningRate,
            ["gradientNorm"] = report.GradientNorm,
            ["imagesPerSecond"] = now,
            ["dataWaitShare"] = _dataWaitShare,
            ["seconds"] = report.Seconds,
        };
        foreach (var (name, value) in report.Reported)
            values[name] = value;
        Write(report.Step, values);
        Tell("step", "", values, report.Step);
    }

    private void Probe()
    {
        var values = KnnProbe.Run((pixels, height, width) => _trainer.Features(pixels, height, width), _trainer.FeatureDimension, _data, _request.Recipe.Evaluation);
        if (values.Count == 0)
            return;
        foreach (var (name, value) in values)
            _probes[name] = value;
        Write(_trainer.Step, values);
        Tell("probe", $"kNN {Format.Percent(values.Values.First())}", new Dictionary<string, double>(values));
    }

    private void Write(long step, IReadOnlyDictionary<string, double> values)
    {
        var line = new SortedDictionary<string, object>(StringComparer.Ordinal) { ["step"] = step, ["time"] = DateTimeOffset.UtcNow };
        foreach (var (name, value) in values)
            line[name] = value;
        _metrics.WriteLine(CommandLine.Screen.ToJson(line));
    }

    private void Tell(string kind, string text, Dictionary<string, double>? values = null, long? step = null)
        => Publish(RunPhase.Training, "", new RunEvent(++_sequence, kind, step ?? _trainer.Step, DateTimeOffset.UtcNow, text, null, values ?? []));

    private void Publish(RunPhase phase, string message, params RunEvent[] events) => _news.Writer.TryWrite(new RunNews(
        new RunStatus(
            Run,
            phase,
            _request.Recipe.Method,
            _trainer.Step,
            _trainer.Plan.TotalSteps,
            (double)_trainer.Step * _trainer.Plan.EffectiveBatch / _trainer.Plan.Samples,
            _last?.Loss ?? 0,
            _last?.LearningRate ?? 0,
            _imagesPerSecond,
            _dataWaitShare,
            _last?.WeightsHash ?? "",
            message,
            [],
            -1,
            new Dictionary<string, double>(_probes)),
        events));
}

/// <summary>Opens <see cref="LocalTrainingSession"/>s.</summary>
public sealed class LocalTrainingSessions : ITrainingSessions
{
    public Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken)
        => Task.Run<ITrainingSession>(() => LocalTrainingSession.Open(request), cancellationToken);
}

/// <summary>Devices by the names that <c>--device</c> takes.</summary>
public static class Devices
{
    /// <summary>cpu, cuda or cuda:N; null takes the first CUDA device where there is one.</summary>
    /// <exception cref="UserErrorException">The name is unknown or the device is not there.</exception>
    public static Device Parse(string? name)
    {
        if (name is null)
            return cuda.is_available() ? device("cuda:0") : CPU;
        if (name == "cpu")
            return CPU;
        var number = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name[5..], out number)))
            throw new UserErrorException($"--device is \"{name}\"; use cpu, cuda or cuda:0.");
        if (!cuda.is_available())
            throw new UserErrorException($"--device is \"{name}\", but this libtorch sees no CUDA device; use cpu, or set LIBTORCH_HOME to a libtorch with CUDA (`sslo doctor` tells).");
        if (number >= cuda.device_count())
            throw new UserErrorException($"--device is \"{name}\", but there are {cuda.device_count()} CUDA devices; use cuda:0 to cuda:{cuda.device_count() - 1}.");
        return device($"cuda:{number}");
    }
}
