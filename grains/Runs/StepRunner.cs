using System.Diagnostics;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Runs;

/// <summary>Credit for micro-batches, or their loss with a worker.</summary>
internal sealed record Work(string Worker, Leaves[] Leaves, string Why = "");

/// <summary>What a step gave before it is committed.</summary>
internal sealed record StepOutcome(
    float Loss, IReadOnlyDictionary<string, float> Reported, StateChangeBlock[] Advance, IReadOnlyList<Work> Done, IReadOnlyList<Work> Lost, WorkTimes Times);

/// <summary>
/// One step up to the complete gradient: deals micro-batches, couples, and deals again what a dead worker left open,
/// or what a late one has not brought. Runs on the run grain's scheduler, so it needs no lock.
/// </summary>
internal sealed class StepRunner(RunBrief run, RunShape shape, int microBatches, double lateFactor, long step, WorkerRoster roster, Func<Task> waitForWorker)
{
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(500);

    private readonly MicroBatchResult?[] _results = new MicroBatchResult?[microBatches];
    private readonly LeaseBook _book = new(microBatches);
    private readonly List<Assignment> _assignments = [];
    private readonly List<Work> _credit = [];
    private readonly List<Work> _lost = [];
    private readonly TaskCompletionSource<CoupleResult> _coupled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task? _coupling;
    private WorkTimes _times;

    /// <summary>Leads the step to its end.</summary>
    /// <exception cref="StateLostException">A slice or the method state is gone; the run restores it.</exception>
    /// <exception cref="UserErrorException">A worker met something that only the user can mend.</exception>
    public async Task<StepOutcome> Run(CancellationToken cancellation)
    {
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
            _ = open.Worker.Grain.Abandon(run.Run, step);
        }

        var couple = shape.Coupled || shape.Carried.Length > 0 ? await Conclude(cancellation) : null;
        var loss = shape.Coupled ? couple!.Loss : _results.Aggregate(0f, (sum, r) => sum + r!.Loss) / microBatches;
        return new StepOutcome(loss, Reported(couple), couple?.Advance ?? [], _credit, _lost, _times);
    }

    private IReadOnlyDictionary<string, float> Reported(CoupleResult? couple)
        => Learning.Training.ReportedTerms.Mean(shape.Coupled ? [couple!.Reported] : [.. _results.Select(r => r!.Reported)]);

    /// <summary>Leases every micro-batch that is neither done nor with a worker.</summary>
    private void Deal()
    {
        var free = roster.Free.ToList();

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
        foreach (var late in _assignments.Where(a => !a.Doubled && a.IsLate(lateFactor, s_patience)).ToList())
        {
            if (roster.Free.OrderByDescending(w => w.Speed).FirstOrDefault() is not { } helper)
                return;
            late.Doubled = true;
            var leaves = _book.Unfinished(late.MicroBatches);
            roster.Tell("late", $"{late.Worker.Name} is late with micro-batches {string.Join(", ", leaves)}; {helper.Name} computes them too", late.Worker.Name);
            Assign(helper, leaves, second: true);
        }
    }

    /// <summary>Micro-batches per second of the workers that were measured; 0 while none was.</summary>
    private double TypicalSpeed => roster.Live.Where(w => w.Speed > 0).Select(w => w.Speed).DefaultIfEmpty(0).Average();

    private void Assign(RunWorker worker, Leaves[] leaves, bool second)
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
        var computed = await mine.Worker.Ask(w => w.Compute(new Lease(run, step, mine.Leaves)));
        mine.Pause();
        Count(computed.Times);
        foreach (var result in computed.MicroBatches)
            _results[result.MicroBatch] ??= result;
        if (shape.Coupled)
        {
            mine.Mark.Encoded();
            if (_results.All(r => r is not null))
                _coupling ??= Couple(withLoss: true);
            var couple = await _coupled.Task;
            mine.Resume();
            mine.Mark.Resumed();
            var gradients = mine.MicroBatches.ToDictionary(m => m, m => couple.Gradients[m]);
            Count(await mine.Worker.Ask(w => w.Backprop(new BackpropOrder(run.Run, step, mine.Leaves, gradients))));
            mine.Pause();
        }
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
            if (failure is StateLostException or UserErrorException)
                throw failure;
            var open = _book.Unfinished(finished.MicroBatches);
            if (failure is not OutdatedException)
                roster.Lost(finished.Worker, failure);
            if (open.Length > 0)
                _lost.Add(new Work(finished.Worker.Name, open, failure is null ? "left" : failure.GetType().Name));
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
        var order = new CoupleOrder(run, step, [.. _results.Select(r => r!.Embeddings)], withLoss);
        while (true)
        {
            if (roster.Live.OrderBy(w => w.Busy).ThenByDescending(w => w.Speed).FirstOrDefault() is not { } worker)
            {
                await Task.Delay(s_tick);
                await roster.Refresh(step);
                continue;
            }

            try
            {
                _coupled.TrySetResult(await worker.Ask(w => w.Couple(order)));
                return;
            }
            catch (Exception e) when (e is not (StateLostException or UserErrorException))
            {
                roster.Lost(worker, e);
            }
        }
    }

    private void Count(WorkTimes t) => _times = new WorkTimes(
        _times.Pull + t.Pull, _times.DataWait + t.DataWait, _times.Forward + t.Forward, _times.Backward + t.Backward, _times.Push + t.Push);

    private sealed class Assignment(RunWorker worker, Leaves[] leaves, double expectedSpeed, LeaseTimeline.Mark mark)
    {
        private readonly Stopwatch _clock = Stopwatch.StartNew();

        public RunWorker Worker { get; } = worker;

        public Leaves[] Leaves { get; } = leaves;

        public LeaseTimeline.Mark Mark { get; } = mark;

        public IReadOnlyList<int> MicroBatches { get; } = [.. leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size))];

        public Task Task { get; set; } = Task.CompletedTask;

        /// <summary>It is leased twice, or is itself a second lease.</summary>
        public bool Doubled { get; set; }

        /// <summary>Seconds with the worker, without the wait for the coupling.</summary>
        public double Seconds => _clock.Elapsed.TotalSeconds;

        public void Pause() => _clock.Stop();

        public void Resume() => _clock.Start();

        public bool IsLate(double factor, TimeSpan patience)
            => _clock.IsRunning && LeaseBook.IsLate(Seconds, MicroBatches.Count, expectedSpeed, factor, patience.TotalSeconds);
    }
}
