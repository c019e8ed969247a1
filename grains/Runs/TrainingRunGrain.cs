using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Lifelines;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.Runs;

/// <summary>
/// A run. It answers while <see cref="RunLeader"/> leads the steps on the grain's own scheduler. When its silo dies, the next call of a
/// worker, or of somebody who followed it, wakes it up on another one, and a new leader goes on where the last one was. Kept alive,
/// because it trains without being called.
/// </summary>
[OnBestParameterSilo]
[Reentrant]
[KeepAlive]
[Immovable]
public sealed class TrainingRunGrain(IRunStorage storage, PayloadStore payloads, ILifelines lifelines, LedgerSigner signer, ILogger<TrainingRunGrain> log) : Grain, ITrainingRunGrain
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly RunJournal _journal = new();
    private RunLeader? _leader;
    private Task? _takeOver;
    private bool _isOver;

    private string Run => this.GetPrimaryKeyString();

    private RunLeader Leader => _leader ?? throw new UserErrorException($"Run {Run} is not here; start or resume it first.");

    public async Task<RunStatus> Start(RunRequest request)
    {
        if (_leader is not null && (await RunRecord.Read(storage, Run))?.IsOf(request) == true)
            return Leader.Status();
        if (_leader is { IsRunning: true })
        {
            return request.Resume
                ? Leader.Status()
                : throw new UserErrorException($"Run {Run} is training already; watch it with `sslo watch {Run}` or choose another name with --run.");
        }

        var recipe = RecipeReader.Parse(request.Recipe, where: Run);
        var record = await RunRecord.OpenOrCreate(storage, Run, recipe, request);
        await GrainFactory.GetGrain<IRunCatalogGrain>(IRunCatalogGrain.Key).Add(Run);
        if (_leader is not { IsRunning: true })
            Lead(recipe, record, takeOver: record.IsOf(request) && record.Training);
        return Leader.Status();
    }

    public Task Wake() => TakeOver();

    private void Lead(Recipe recipe, RunRecord record, bool takeOver)
    {
        _journal.Log ??= new EventLog(storage, Run);
        _leader = new RunLeader(new RunServices(GrainFactory, storage, payloads, lifelines, signer, log), Run, recipe, record, _journal);
        _isOver = false;
        _leader.Begin(takeOver);
    }

    /// <summary>Goes on with a run that nobody leads and that should be training.</summary>
    private Task TakeOver()
    {
        if (_isOver || _leader is { IsRunning: true } or { HasGivenUp: false })
            return Task.CompletedTask;
        return _takeOver is { IsCompleted: false } ? _takeOver : _takeOver = Look();

        async Task Look()
        {
            if (await RunRecord.Read(storage, Run) is not { Training: true } record)
            {
                _isOver = true;
                return;
            }

            var recipe = await RunRecord.ReadRecipe(storage, Run);
            if (_leader is { IsRunning: true })
                return;
            _journal.Add(RunEventKind.Message, 0, "the run has moved to this silo");
            Lead(recipe, record, takeOver: true);
        }
    }

    public Task Pause()
    {
        Leader.Pause();
        return Task.CompletedTask;
    }

    public Task Continue()
    {
        Leader.Continue();
        return Task.CompletedTask;
    }

    public Task Stop() => Leader.Stop();

    public Task Checkpoint()
    {
        Leader.CheckpointSoon();
        return Task.CompletedTask;
    }

    public async Task<RunNews> News(long after)
    {
        // Who has seen events followed the run where it was until now.
        if (after > 0)
            await TakeOver();
        var events = await _journal.After(after, s_patience, Leader.Over);
        return new RunNews(Leader.Status(), events) { LastSequence = _journal.LastSequence };
    }

    public Task<RunNews> Recent(long after)
        => Task.FromResult(new RunNews(Leader.Status(), _journal.Since(after)) { LastSequence = _journal.LastSequence });

    public Task<RunLeases> Leases(long change) => Task.FromResult(Leader.Leases(change));

    public Task<RunStatus> Status() => Task.FromResult(Leader.Status());

    public Task<RunFacts> GetState() => Task.FromResult(_leader?.Facts()
        ?? new RunFacts(RunPhase.Created, "", 0, 0, 0, null, "", null, [], "", "a start or a resume: nobody leads it here"));

    public Task Evaluated(EvaluationResult result)
    {
        _leader?.Evaluated(result);
        return Task.CompletedTask;
    }

    public Task WorkerLeft(string worker)
    {
        _leader?.WorkerLeft(worker);
        return Task.CompletedTask;
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_leader is { IsRunning: true })
            await _leader.Leave().WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
    }
}
