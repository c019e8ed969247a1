using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Steps;

namespace SslOrleans.Grains.Runs;

/// <summary>The numbers of the last step, and moving averages for people.</summary>
internal sealed class RunMeters(int effectiveBatch)
{
    private StepOutcome? _outcome;
    private StepSchedule? _schedule;
    private double _gradientNorm;
    private double _gradientMaximum;
    private int _workers;
    private double _applySeconds;
    private long _steps;

    public float Loss => _outcome?.Loss ?? 0;

    public double LearningRate => _schedule?.LearningRate ?? 0;

    public double StepSeconds { get; private set; }

    public double ImagesPerSecond { get; private set; }

    public double DataWaitShare { get; private set; }

    public Dictionary<string, double> Probes { get; } = [];

    public void Committed(StepOutcome outcome, StepSchedule schedule, SliceCommit[] slices, double seconds, double applySeconds, int workers)
    {
        (_outcome, _schedule, _workers, StepSeconds, _applySeconds) = (outcome, schedule, workers, seconds, applySeconds);
        _gradientNorm = Math.Sqrt(slices.Sum(s => s.GradientSquares));
        _gradientMaximum = slices.Max(s => s.GradientMaximum);
        var now = effectiveBatch / seconds;
        ImagesPerSecond = ImagesPerSecond == 0 ? now : (0.8 * ImagesPerSecond) + (0.2 * now);
        var wait = outcome.Times.Work.DataWait / Math.Max(1e-9, seconds * Math.Max(1, workers));
        DataWaitShare = _steps++ == 0 ? wait : (0.8 * DataWaitShare) + (0.2 * wait);
    }

    public void Probed(EvaluationResult result)
    {
        foreach (var name in result.Headlines)
            Probes[name] = result.Values[name];
    }

    /// <summary>What metrics and watchers get of a step.</summary>
    public Dictionary<string, double> Values()
    {
        var values = new Dictionary<string, double>
        {
            ["loss"] = Loss,
            ["learningRate"] = LearningRate,
            ["gradientNorm"] = _gradientNorm,
            ["gradientMaximum"] = _gradientMaximum,
            ["imagesPerSecond"] = effectiveBatch / StepSeconds,
            ["dataWaitShare"] = DataWaitShare,
            ["seconds"] = StepSeconds,
            ["workers"] = _workers,
            ["dataWaitSeconds"] = _outcome!.Times.Work.DataWait,
            ["pullSeconds"] = _outcome.Times.Work.Pull,
            ["forwardSeconds"] = _outcome.Times.Work.Forward,
            ["backwardSeconds"] = _outcome.Times.Work.Backward,
            ["pushSeconds"] = _outcome.Times.Work.Push,
            ["coupleSeconds"] = _outcome.Times.Couple,
            ["stragglerSeconds"] = _outcome.Times.Straggler,
            ["applySeconds"] = _applySeconds,
        };
        foreach (var (name, value) in _outcome.Reported)
            values[name] = value;
        return values;
    }
}
