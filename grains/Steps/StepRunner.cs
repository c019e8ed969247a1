using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Contracts;
using SslOrleans.Grains.Placement;

namespace SslOrleans.Grains.Steps;

/// <summary>
/// One step up to the complete gradient: deals micro-batches, couples, and deals again what a dead worker left open,
/// or what a late one has not brought. Runs on the run grain's scheduler, so it needs no lock.
/// </summary>
/// <param name="run">The run.</param>
/// <param name="shape">What its workers are like.</param>
/// <param name="recipe">M, patience with late workers, where batch norm takes its statistics.</param>
/// <param name="step">The step.</param>
/// <param name="attempt">Names this try at it.</param>
/// <param name="roster">Who is here.</param>
/// <param name="meetings">Where batch norms over the effective batch meet; null when they are over the micro-batch.</param>
/// <param name="waitForWorker">Returns when somebody is here.</param>
internal sealed class StepRunner(
    RunBrief run, RunShape shape, Recipe recipe, long step, long attempt, WorkerRoster roster, IBatchMeetingGrain? meetings, Func<Task> waitForWorker)
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);
    private const int PatienceTicks = 40;

    /// <summary>Couplings of a step whose gradients a worker may miss. One that misses more is what is cut off, not those who coupled.</summary>
    private const int MostMissed = 3;

    private readonly MicroBatchResult?[] _results = new MicroBatchResult?[recipe.Batch.MicroBatches];
    private readonly RunWorker?[] _makers = new RunWorker?[recipe.Batch.MicroBatches];
    private readonly LeaseBook _book = new(recipe.Batch.MicroBatches);
    private readonly List<Assignment> _assignments = [];
    private readonly List<Work> _credit = [];
    private readonly List<Work> _lost = [];
    private TaskCompletionSource<CoupleResult> _coupled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _microBatches = recipe.Batch.MicroBatches;
    private Task? _coupling;
    private Coupling? _coupleWork;
    private readonly StepClock _clock = new();

    /// <summary>Whoever is still asked for something of this step is asked in vain, and is none the worse for it.</summary>
    private bool _isOver;

    /// <summary>Leads the step to its end.</summary>
    /// <exception cref="StateLostException">A slice or the method state is gone; the run restores it.</exception>
    /// <exception cref="UserErrorException">A worker met something that only the user can mend.</exception>
    public async Task<StepOutcome> Run(CancellationToken cancellation)
    {
        try
        {
            return await Lead(cancellation);
        }
        finally
        {
            _isOver = true;
        }
    }

    private async Task<StepOutcome> Lead(CancellationToken cancellation)
    {
        if (meetings is not null)
            await MovingGrains.Ask(() => meetings.Open(step, attempt, _microBatches));
        while (!_book.IsComplete)
        {
            cancellation.ThrowIfCancellationRequested();
            await roster.Refresh(step);
            Settle();
            Deal();
            DealLate();
            if (_assignments.Count == 0)
            {
                await waitForWorker();
                continue;
            }

            // A worker that joins, leaves or is late is noticed at the next tick.
            await Task.WhenAny([.. _assignments.Select(a => a.Task), Task.Delay(s_tick, cancellation)]);
            Settle();
        }

        foreach (var open in _assignments)
        {
            open.Mark.End(LeaseOutcome.NotNeeded);
            _ = open.Worker.Grain.Abandon(run.Run, attempt);
        }

        _clock.Computed();
        var couple = shape.Coupled || shape.Carried.Length > 0 ? await Conclude(cancellation) : null;
        var loss = shape.Coupled ? couple!.Loss : _results.Aggregate(0f, (sum, r) => sum + r!.Loss) / _microBatches;
        return new StepOutcome(loss, Reported(couple), couple?.Advance ?? [], _credit, _lost, [.. _results.SelectMany(r => r!.Replaced)], _clock.Times)
        {
            Results = [.. _results.Zip(_makers, (r, maker) => (r!, maker!.Info.Life))],
            Coupling = _coupleWork,
        };
    }

    private IReadOnlyDictionary<string, float> Reported(CoupleResult? couple)
        => Learning.Training.ReportedTerms.Mean([.. _results.Select(r => r!.Reported), .. shape.Coupled ? [couple!.Reported] : Array.Empty<Dictionary<string, float>>()]);

    /// <summary>Leases every micro-batch that is neither done nor with a worker.</summary>
    private void Deal()
    {
        // Where micro-batches meet, a worker that waits for the open ones is as good as a free one: it computes them meanwhile.
        var free = (meetings is null ? roster.Free : roster.Live).ToList();

        // With nobody free the remaining workers take it when they are.
        var shares = _book.Deal(_assignments.Where(a => !a.Worker.Gone).SelectMany(a => a.MicroBatches), [.. free.Select(w => w.Speed)], TypicalSpeed);
        for (var i = 0; i < shares.Count; i++)
        {
            if (shares[i].Length > 0)
                Assign(free[i], shares[i], second: false);
        }
    }

    /// <summary>Leases a late worker's micro-batches a second time when somebody is free; the first answer wins, both have the same bits.</summary>
    private void DealLate()
    {
        foreach (var late in _assignments.Where(a => !a.Doubled && a.IsLate(recipe.Workers.SecondLeaseFactor, s_patience)).ToList())
        {
            if (roster.Free.OrderByDescending(w => w.Speed).FirstOrDefault() is not { } helper)
                return;
            late.Doubled = true;
            var leaves = _book.Unfinished(late.MicroBatches);
            roster.Tell(RunEventKind.Late, $"{late.Worker.Name} is late with micro-batches {string.Join(", ", leaves)}; {helper.Name} computes them too", late.Worker.Name);
            Assign(helper, leaves, second: true);
        }
    }

    /// <summary>Micro-batches per second of the workers that were measured; 0 while none was.</summary>
    private double TypicalSpeed => roster.Live.Where(w => w.Speed > 0).Select(w => w.Speed).DefaultIfEmpty(0).Average();

    private void Assign(RunWorker worker, MicroBatchRange[] leaves, bool second)
    {
        // A newcomer is expected to be as fast as the others.
        var speed = worker.Speed > 0 ? worker.Speed : TypicalSpeed;
        var assignment = new Assignment(worker, leaves, speed, roster.Leases.Begin(step, worker.Name, leaves, second)) { Doubled = second };
        assignment.Task = Carry(assignment);
        worker.MicroBatches = assignment.MicroBatches.Count;
        _assignments.Add(assignment);
    }

    private async Task Carry(Assignment mine)
    {
        var computed = await mine.Worker.Ask(w => w.Compute(new Lease(run, step, mine.Leaves, attempt)));
        mine.Pause();
        _clock.Count(computed.Times);
        foreach (var result in computed.MicroBatches)
            Take(result, mine.Worker);
        if (!shape.Coupled)
            return;
        mine.Mark.Encoded();
        if (_results.All(r => r is not null))
            _coupling ??= Couple(withLoss: true);
        for (var missed = 1; ; missed++)
        {
            var coupled = _coupled;
            var couple = await coupled.Task;
            mine.Resume();
            mine.Mark.Resumed();
            var gradients = mine.MicroBatches.ToDictionary(m => m, m => couple.Gradients[m]);
            try
            {
                _clock.Count(await mine.Worker.Ask(w => w.Backprop(new BackpropOrder(run.Run, step, mine.Leaves, gradients, attempt))));
                mine.Pause();
                return;
            }
            catch (PayloadLostException e)
            {
                if (missed > MostMissed)
                    throw new IOException($"{mine.Worker.Name} cannot take what {missed} couplings had for it: {e.Message}");

                // Who coupled has died with the gradients before all had them. Another one makes the same.
                mine.Pause();
                if (_isOver)
                    throw;
                if (_coupled == coupled)
                {
                    _coupled = new TaskCompletionSource<CoupleResult>(TaskCreationOptions.RunContinuationsAsynchronously);
                    _coupling = Couple(withLoss: true);
                }
            }
        }
    }

    /// <summary>The first result counts; that of a dead worker only until there is another one, since its embeddings died with it.</summary>
    private void Take(MicroBatchResult result, RunWorker maker)
    {
        var m = result.MicroBatch;
        if (_results[m] is null || _makers[m]!.Gone)
            (_results[m], _makers[m]) = (result, maker);
    }

    /// <summary>Takes finished assignments off the table; a failed worker's micro-batches become open again.</summary>
    private void Settle()
    {
        if (_coupling is { IsFaulted: true })
            throw _coupling.Exception!.GetBaseException();
        foreach (var finished in _assignments.Where(a => a.Task.IsCompleted || a.Worker.Gone).ToList())
        {
            _assignments.Remove(finished);
            if (finished.Task.IsCompletedSuccessfully)
            {
                finished.Worker.Measured(finished.MicroBatches.Count, finished.Seconds);
                var first = _book.Finish(finished.MicroBatches);
                finished.Mark.End(first.Length > 0 ? LeaseOutcome.Done : LeaseOutcome.NotNeeded);
                if (first.Length > 0)
                    _credit.Add(new Work(finished.Worker.Name, first));
                continue;
            }

            finished.Mark.End(LeaseOutcome.Lost);
            var failure = finished.Task.Exception?.GetBaseException();
            if (failure is StateLostException or UserErrorException { Reason: not RefusalReason.Worker })
                throw failure;
            var open = _book.Unfinished(finished.MicroBatches);
            if (failure is not (OutdatedException or PayloadLostException or WorkerGoneException))
                roster.Lost(finished.Worker, failure);
            if (open.Length > 0)
                _lost.Add(new Work(finished.Worker.Name, open, finished.Worker.GoneBecause is { Length: > 0 } why ? why : failure?.GetType().Name ?? "left"));
        }
    }

    private async Task<CoupleResult> Conclude(CancellationToken cancellation)
    {
        _coupling ??= Couple(withLoss: false);
        await _coupling.WaitAsync(cancellation);
        return await _coupled.Task;
    }

    /// <summary>Asks one worker for the loss on the whole effective batch; whoever it is, the bits are the same.</summary>
    private async Task Couple(bool withLoss)
    {
        _clock.Encoded();
        var coupled = _coupled;
        for (var missing = 0; !_isOver;)
        {
            if (roster.Live.OrderBy(w => w.Busy).ThenByDescending(w => w.Speed).FirstOrDefault() is not { } worker)
            {
                await Task.Delay(s_tick);
                await roster.Refresh(step);
                continue;
            }

            try
            {
                await Remake(worker);
                var order = new CoupleOrder(run, step, [.. _results.Select(r => r!.Embeddings)], withLoss, attempt);
                var couple = await worker.Ask(w => w.Couple(order));
                _clock.Coupled();
                coupled.TrySetResult(couple);
                _coupleWork = new Coupling(order, couple, worker.Info.Life);
                return;
            }
            catch (PayloadLostException e)
            {
                // A dead worker's micro-batches are computed again by others, while this waits. One that lives and does not have them is of no use.
                if (++missing % PatienceTicks == 0 && _makers.FirstOrDefault(m => m is { Gone: false } && m.Info.Silo == e.Silo) is { } maker)
                    roster.Lost(maker, e);
                await Task.Delay(s_tick);
                await roster.Refresh(step);
            }
            catch (Exception e) when (e is not (StateLostException or UserErrorException { Reason: not RefusalReason.Worker }))
            {
                // A coupling that was made again for a second lease may outlive its step, whose version is then over for everybody.
                if (!_isOver)
                    roster.Lost(worker, e);
            }
        }
    }

    /// <summary>Has those done micro-batches computed once more whose embeddings died with their worker: nobody is dealt them again.</summary>
    private async Task Remake(RunWorker worker)
    {
        var lost = Enumerable.Range(0, _microBatches).Where(m => _makers[m] is { Gone: true }).ToList();
        var done = lost.Except(_book.Unfinished(lost).SelectMany(l => Enumerable.Range(l.Start, l.Size))).ToList();
        if (done.Count == 0 || _results.All(r => r!.Embeddings.All(e => e.Values.IsHere)))
            return;
        var computed = await worker.Ask(w => w.Compute(new Lease(run, step, StepPlanner.Cover(_microBatches, done), attempt)));
        foreach (var result in computed.MicroBatches)
            Take(result, worker);
    }
}
