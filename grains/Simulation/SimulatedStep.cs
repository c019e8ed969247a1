using SslOrleans.Grains.Steps;

namespace SslOrleans.Grains.Simulation;

/// <summary>A worker of a simulation.</summary>
internal sealed class SimulatedWorker(double speed)
{
    /// <summary>Micro-batches per second.</summary>
    public double Speed { get; } = speed;

    /// <summary>When it dies next.</summary>
    public double Dies { get; set; } = double.PositiveInfinity;

    /// <summary>When it is back; 0 while it is here.</summary>
    public double Back { get; set; }

    public bool IsHere => Back == 0;
}

/// <summary>What computing one step took.</summary>
/// <param name="Seconds">From the first lease to the last micro-batch.</param>
/// <param name="PartialSums">Subtrees pushed, duplicates included.</param>
/// <param name="Died">Workers that died meanwhile, with the moment.</param>
/// <param name="Doubled">Micro-batches computed twice: lost with a worker, or leased again because it was late.</param>
internal readonly record struct ComputedStep(double Seconds, int PartialSums, int Died, int Doubled);

/// <summary>
/// One step's leases on a simulated clock, kept in the run grain's own book. Time only moves from event to event:
/// a worker is done, dies, is missed, or is late.
/// </summary>
internal sealed class SimulatedStep(SimulatedCluster cluster)
{
    private const double Patience = 0.5;

    private enum What
    {
        Done,
        Dies,
        Missed,
        Late,
    }

    /// <summary>A step in which nobody dies: everybody has the first share and no other.</summary>
    /// <param name="workers">Those that are here.</param>
    /// <param name="pull">Seconds until a worker has the version.</param>
    /// <param name="push">Seconds that the last partial sum takes.</param>
    public ComputedStep Calm(IReadOnlyList<SimulatedWorker> workers, double pull, double push)
    {
        var shares = new LeaseBook(cluster.MicroBatches).Deal([], [.. workers.Select(w => w.Speed)], typical: 0);
        var last = shares.Select((s, i) => s.Sum(l => l.Size) / workers[i].Speed).Max();
        return new ComputedStep(pull + last + push, shares.Sum(s => s.Length), Died: 0, Doubled: 0);
    }

    /// <summary>A step in which workers may die.</summary>
    /// <param name="start">Now, in seconds.</param>
    /// <param name="workers">Those that are here.</param>
    /// <param name="pull">Seconds until a worker has the version.</param>
    /// <param name="push">Seconds that the last partial sum takes.</param>
    public ComputedStep Run(double start, IReadOnlyList<SimulatedWorker> workers, double pull, double push)
    {
        var book = new LeaseBook(cluster.MicroBatches);
        var events = new PriorityQueue<(What What, Lease Lease), double>();
        var open = new HashSet<Lease>();
        var undealt = true;
        var free = new List<SimulatedWorker>(workers);
        var (sums, died, doubled, now) = (0, 0, 0, start);
        Deal();
        while (!book.IsComplete)
        {
            if (!events.TryDequeue(out var next, out var at))
                return new ComputedStep(double.PositiveInfinity, 0, died, doubled);
            now = at;
            var lease = next.Lease;
            if (lease.Over)
                continue;
            switch (next.What)
            {
                case What.Done:
                    lease.Over = true;
                    open.Remove(lease);
                    var first = book.Finish(lease.MicroBatches);
                    doubled += lease.MicroBatches.Count - first.Sum(l => l.Size);
                    if (!lease.Worker.IsHere)
                        break;
                    free.Add(lease.Worker);
                    break;
                case What.Dies:
                    // It stays on the books until it is missed.
                    died++;
                    lease.Worker.Back = now + cluster.Replacement;
                    events.Enqueue((What.Missed, lease), now + cluster.Notice);
                    continue;
                case What.Missed:
                    lease.Over = true;
                    open.Remove(lease);
                    doubled += lease.MicroBatches.Count;
                    undealt = true;
                    break;
                case What.Late when !lease.Doubled && free.Count > 0:
                    lease.Doubled = true;
                    var helper = free.MaxBy(w => w.Speed)!;
                    free.Remove(helper);
                    Assign(helper, book.Unfinished(lease.MicroBatches), second: true);
                    continue;
                case What.Late:
                    continue;
            }

            Deal();
        }

        return new ComputedStep(now - start, sums, died, doubled);

        void Deal()
        {
            if (!undealt)
                return;
            free.RemoveAll(w => !w.IsHere);
            undealt = free.Count == 0;
            var asked = free.ToList();
            var shares = book.Deal(open.SelectMany(l => l.MicroBatches), [.. asked.Select(w => w.Speed)], typical: 0);
            if (shares.Count > 0)
                free.Clear();
            for (var i = 0; i < shares.Count; i++)
            {
                if (shares[i].Length > 0)
                    Assign(asked[i], shares[i], second: false);
                else
                    free.Add(asked[i]);
            }
        }

        void Assign(SimulatedWorker worker, MicroBatchRange[] leaves, bool second)
        {
            var lease = new Lease(worker, leaves) { Doubled = second };
            open.Add(lease);
            sums += leaves.Length;

            // Only the first lease of a step waits for the version.
            var begins = now == start ? now + pull : now;
            var done = begins + (lease.MicroBatches.Count / worker.Speed) + push;
            if (worker.Dies <= done)
            {
                events.Enqueue((What.Dies, lease), Math.Max(now, worker.Dies));
                worker.Dies = double.PositiveInfinity;
            }
            else
            {
                events.Enqueue((What.Done, lease), done);
            }

            events.Enqueue((What.Late, lease), now + Patience + (cluster.SecondLeaseFactor * lease.MicroBatches.Count / worker.Speed));
        }
    }

    private sealed class Lease(SimulatedWorker worker, MicroBatchRange[] leaves)
    {
        public SimulatedWorker Worker { get; } = worker;

        public IReadOnlyList<int> MicroBatches { get; } = [.. leaves.SelectMany(l => Enumerable.Range(l.Start, l.Size))];

        public bool Doubled { get; set; }

        public bool Over { get; set; }
    }
}
