using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Training;

/// <summary>What a training screen shows, gathered from the news: latest status, short histories, latest events.</summary>
public sealed class TrainingBoard(TrainingRequest request)
{
    private const int HistoryLimit = 2048;
    private const int EventLimit = 50;
    private readonly List<double> _loss = [];
    private readonly SortedDictionary<string, List<double>> _probes = new(StringComparer.Ordinal);
    private readonly List<RunEvent> _events = [];

    public TrainingRequest Request { get; } = request;

    public RunStatus? Status { get; private set; }

    /// <summary>Loss of the steps, thinned out evenly when there are many.</summary>
    public IReadOnlyList<double> Loss => _loss;

    /// <summary>Values of each probe, and the rank of the features, in order.</summary>
    public IReadOnlyDictionary<string, List<double>> Probes => _probes;

    /// <summary>The latest events that are no steps, oldest first.</summary>
    public IReadOnlyList<RunEvent> Events => _events;

    public void Take(RunNews news)
    {
        Status = news.Status;
        foreach (var e in news.Events)
        {
            if (e.Kind == RunEventKind.Step)
            {
                if (e.Values.TryGetValue("loss", out var loss))
                    _loss.Add(loss);
                if (e.Values.TryGetValue(RankWatch.OfSteps, out var rank))
                    Keep(RankWatch.OfSteps, rank);
                continue;
            }

            if (e.Kind == RunEventKind.Probe)
            {
                foreach (var (name, value) in e.Values)
                    Keep(name, value);
            }

            _events.Add(e);
        }

        if (_events.Count > EventLimit)
            _events.RemoveRange(0, _events.Count - EventLimit);
        if (_loss.Count > HistoryLimit)
            HalveLoss();
    }

    private void Keep(string name, double value)
    {
        if (!_probes.TryGetValue(name, out var history))
            _probes[name] = history = [];
        history.Add(value);
    }

    private void HalveLoss()
    {
        for (var i = 0; i < _loss.Count / 2; i++)
            _loss[i] = (_loss[2 * i] + _loss[(2 * i) + 1]) / 2;
        _loss.RemoveRange(_loss.Count / 2, _loss.Count - (_loss.Count / 2));
    }
}
