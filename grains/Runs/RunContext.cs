using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Steps;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Runs;

/// <summary>What all parts of leading a run share. On the run grain's scheduler, so it needs no lock.</summary>
internal sealed class RunContext
{
    private static readonly TimeSpan s_storagePause = TimeSpan.FromSeconds(1);

    /// <summary>Workers of the same command join within this, which is nothing to tell of.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _stop = new();

    public RunContext(RunServices services, string run, Recipe recipe, RunRecord record, RunJournal journal)
    {
        (Services, Run, Recipe, Record) = (services, run, recipe, record);
        Brief = new RunBrief(run, RecipeReader.Write(recipe), record.DataPath);
        Progress = new RunProgress(run, journal);
        Meters = new RunMeters(recipe.Batch.Effective);
        Roster = new WorkerRoster(services.Grains, Brief, recipe.Workers, (kind, text, worker) => Progress.Tell(kind, text, worker))
        {
            NumericsClass = record.NumericsClass.Length > 0 ? record.NumericsClass : null,
        };
    }

    public RunServices Services { get; }

    public string Run { get; }

    public Recipe Recipe { get; }

    public RunBrief Brief { get; }

    public RunProgress Progress { get; }

    public RunMeters Meters { get; }

    public WorkerRoster Roster { get; }

    /// <summary>As it is kept.</summary>
    public RunRecord Record { get; private set; }

    /// <summary>Somebody asked the run to stop after the step in progress.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Gives the step in progress up.</summary>
    public CancellationToken GivenUp => _stop.Token;

    public void Stop()
    {
        IsStopping = true;

        // With nobody to compute the step will not end by itself.
        if (Progress.Phase is RunPhase.WaitingForWorkers or RunPhase.WaitingForStorage)
            _stop.Cancel();
    }

    /// <summary>Keeps the record. Known here only once it is kept: a storage that did not take it is asked again.</summary>
    public async Task Keep(RunRecord record)
    {
        if (record == Record)
            return;
        await record.Save(Services.Storage, Run);
        Record = record;
    }

    /// <summary>Writes or reads. While the storage does not answer, the run waits and says so.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped meanwhile.</exception>
    public async Task Store(Func<Task> access)
    {
        var phase = Progress.Phase;
        while (true)
        {
            try
            {
                await access();
                if (Progress.Phase == RunPhase.WaitingForStorage)
                {
                    Progress.Enter(phase);
                    Progress.Tell(RunEventKind.Message, "the storage is back");
                }

                return;
            }
            catch (StorageUnavailableException e)
            {
                if (Progress.Phase != RunPhase.WaitingForStorage)
                    Progress.Tell(RunEventKind.Waiting, $"the commit waits for the storage: {e.Message}");
                Progress.Enter(RunPhase.WaitingForStorage, e.Message);
                await Task.Delay(s_storagePause, _stop.Token);
            }
        }
    }

    /// <summary>Returns when a worker is ready.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped meanwhile.</exception>
    public async Task WaitForWorker()
    {
        await Roster.Refresh(Progress.Step);
        if (Roster.Live.Any())
        {
            await Roster.WaitForWorker(_stop.Token);
            return;
        }

        var phase = Progress.Phase;
        Progress.Enter(RunPhase.WaitingForWorkers, "no worker is here; the run goes on when one comes");

        // A run that was asked to stop gives the step up; a resumed run computes it again.
        if (IsStopping)
            await _stop.CancelAsync();
        var coming = Roster.WaitForWorker(_stop.Token);
        if (await Task.WhenAny(coming, Task.Delay(s_quiet)) != coming)
        {
            Progress.Enter(RunPhase.WaitingForWorkers, Progress.Message + (Roster.LastRefusal is { Length: > 0 } last ? $" (refused: {last})" : ""));
            Progress.Tell(RunEventKind.Waiting, Progress.Message);
        }

        await coming;
        Progress.Enter(phase);
    }
}
