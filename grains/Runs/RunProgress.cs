using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Runs;

/// <summary>Where a run is and what it says of itself.</summary>
internal sealed class RunProgress(string run, RunJournal journal)
{
    public RunPhase Phase { get; private set; } = RunPhase.Created;

    /// <summary>What the phase waits for or ended with; empty where there is nothing to say.</summary>
    public string Message { get; private set; } = "";

    /// <summary>Committed steps, and so the version of the weights.</summary>
    public long Step { get; private set; }

    /// <summary>Hash of the weights; empty before the first step.</summary>
    public string Hash { get; private set; } = "";

    public void Enter(RunPhase phase, string message = "") => (Phase, Message) = (phase, message);

    public void At(long step, string hash) => (Step, Hash) = (step, hash);

    /// <summary>Adds an event of the present step.</summary>
    public void Tell(RunEventKind kind, string text, string? worker = null, Dictionary<string, double>? values = null)
    {
        journal.Add(kind, Step, text, worker, values);
        RunInstruments.Happened(run, kind);
    }

    /// <summary>Adds what was measured of a step.</summary>
    public void TellStep(long step, Dictionary<string, double> values) => journal.Add(RunEventKind.Step, step, "", null, values);

    /// <summary>Adds an event of another step than the present one.</summary>
    public void TellOf(RunEventKind kind, long step, string text, Dictionary<string, double>? values) => journal.Add(kind, step, text, null, values);

    /// <summary>Writes what only memory has.</summary>
    public Task Flush() => journal.Log?.Flush() ?? Task.CompletedTask;
}
