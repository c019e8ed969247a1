using System.Diagnostics;
using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Grains.Simulation;

/// <summary>
/// A run on many workers without tensors: the planner, the lease book and the summation tree are the run grain's own, the
/// clock is simulated. Steps in which nothing happens are all alike and are taken at once.
/// </summary>
public sealed class ClusterSimulation
{
    private readonly SimulatedCluster _cluster;
    private readonly StepCosts _costs;
    private readonly SimulatedStep _step;
    private readonly List<SimulatedWorker> _workers = [];
    private uint _draws;

    private ClusterSimulation(SimulatedCluster cluster)
    {
        (_cluster, _costs, _step) = (cluster, new StepCosts(cluster), new SimulatedStep(cluster));
        for (var i = 0; i < cluster.Workers; i++)
        {
            var speed = cluster.ImagesPerSecond / cluster.MicroBatch * Math.Max(0.1, 1 + (cluster.Spread * Normal()));
            _workers.Add(new SimulatedWorker(speed));
            _workers[i].Dies = Lifetime();
        }
    }

    /// <summary>Simulates the run.</summary>
    /// <exception cref="UserErrorException">The cluster makes no sense.</exception>
    public static SimulationResult Run(SimulatedCluster cluster)
    {
        cluster.Check();
        return new ClusterSimulation(cluster).Run();
    }

    private SimulationResult Run()
    {
        var watch = Stopwatch.StartNew();
        var whole = Undisturbed(_workers);
        var (now, steps, repeated, failures) = (0.0, 0L, 0L, 0);
        var (sums, links, added, worst) = (0.0, 0.0, 0.0, 0.0);
        (double Seconds, ComputedStep Computed, int Workers)? calm = null;
        while (now < _cluster.Duration)
        {
            foreach (var back in _workers.Where(w => !w.IsHere && w.Back <= now))
            {
                back.Back = 0;
                back.Dies = now + Lifetime();
                calm = null;
            }

            var here = _workers.Where(w => w.IsHere).ToList();
            if (here.Count == 0)
            {
                now = _workers.Min(w => w.Back);
                continue;
            }

            calm ??= Undisturbed(here);
            var (seconds, computed, count) = calm.Value;
            var next = Math.Min(here.Min(w => w.Dies), _workers.Where(w => !w.IsHere).Select(w => w.Back).DefaultIfEmpty(double.PositiveInfinity).Min());
            var alike = (long)Math.Floor((Math.Min(next, _cluster.Duration) - now) / seconds);
            if (alike > 0)
            {
                Count(alike, computed, count);
                now += alike * seconds;
                continue;
            }

            var disturbed = _step.Run(now, here, _costs.Pull(here.Count), _costs.Push);
            if (double.IsInfinity(disturbed.Seconds))
            {
                // Everybody died; the step is begun anew by whoever comes back first.
                now = _workers.Min(w => w.Back);
                calm = null;
                continue;
            }

            var took = Seconds(disturbed, here.Count);
            Count(1, disturbed, here.Count);
            failures += disturbed.Died;
            if (disturbed.Died > 0)
            {
                added += took - seconds;
                worst = Math.Max(worst, took - seconds);
                calm = null;
            }

            now += took;
        }

        var parts = Parts(whole.Computed, _workers.Count);
        return new SimulationResult
        {
            Steps = steps,
            Goodput = steps * whole.Seconds / now,
            ImagesPerSecond = steps * (double)_cluster.EffectiveBatch / now,
            StepSeconds = now / steps,
            Parts = parts,
            Limit = parts.MaxBy(p => p.Value).Key,
            Failures = failures,
            RecoverySeconds = failures == 0 ? 0 : added / failures,
            WorstRecoverySeconds = worst,
            Repeated = repeated,
            PartialSums = sums / steps,
            WorkerLinkBytes = links / steps,
            WorkerLinkOfBound = links / steps / _costs.WorkerBound(_workers.Count),
            ParameterLinkBytes = _costs.SiloBytes(whole.Computed.PartialSums, _workers.Count),
            QueueDepth = StepCosts.Queue(_workers.Count),
            ComputedIn = watch.Elapsed.TotalSeconds,
        };

        void Count(long times, ComputedStep computed, int workers)
        {
            var each = (double)computed.PartialSums / workers;
            steps += times;
            repeated += times * computed.Doubled;
            sums += times * each;
            links += times * _costs.WorkerBytes(each, workers);
        }
    }

    private (double Seconds, ComputedStep Computed, int Workers) Undisturbed(List<SimulatedWorker> here)
    {
        var computed = _step.Calm(here, _costs.Pull(here.Count), _costs.Push);
        return (Seconds(computed, here.Count), computed, here.Count);
    }

    private double Seconds(ComputedStep computed, int workers) => Parts(computed, workers).Values.Sum();

    /// <summary>A step's seconds by what they are spent on; what the busiest link or grain needs beyond the computing time is added to it.</summary>
    private Dictionary<string, double> Parts(ComputedStep computed, int workers)
    {
        var pull = _costs.Pull(workers);
        var compute = Math.Max(0, computed.Seconds - pull - _costs.Push);
        var sums = computed.PartialSums;

        // Links and slices are busy while the workers still compute, all but the last sum of each.
        double Beyond(double busy) => Math.Max(0, busy - (compute * (sums - workers) / Math.Max(1, sums)));
        var receive = Math.Max(_costs.Push, Beyond(_costs.Receive(sums)));
        return new Dictionary<string, double>
        {
            ["compute"] = compute,
            ["pull parameters"] = pull,
            ["push gradients"] = receive,
            ["add gradients"] = Math.Max(0, Beyond(_costs.Add(sums)) - receive),
            ["lead the step"] = _costs.Lead(workers),
            ["commit"] = _costs.Commit,
        };
    }

    private double Lifetime()
        => _cluster.MeanTimeBetweenFailures > 0 ? -_cluster.MeanTimeBetweenFailures * Math.Log(1 - Uniform()) : double.PositiveInfinity;

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - Uniform())) * Math.Cos(2 * Math.PI * Uniform());

    private double Uniform() => Philox.Block(_cluster.Seed, _draws++, 0, 0, 0).X0 / 4294967296.0;
}
