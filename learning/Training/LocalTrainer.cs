using System.Diagnostics;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Optim;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>What a committed step was like.</summary>
public sealed record StepReport(
    long Step,
    float Loss,
    double LearningRate,
    double GradientNorm,
    double Seconds,
    double DataSeconds,
    string WeightsHash,
    IReadOnlyDictionary<string, float> Reported);

/// <summary>
/// The whole algorithm on a page, in one process and without actors: plan, encode, couple, backprop, reduce, commit.
/// The grains do the same with the same parts; tests hold both to the same bits. Lanes are threads with a replica each,
/// and their number changes no bit.
/// </summary>
public sealed class LocalTrainer : IDisposable
{
    private readonly Recipe _recipe;
    private readonly IViewProvider _data;
    private readonly (Lane Lane, Replica Replica)[] _lanes;
    private readonly SliceState[] _slices;
    private readonly float[] _parameters;
    private TeacherState _teacher;
    private readonly StateStore _state;

    public LocalTrainer(Recipe recipe, IViewProvider data, int lanes = 1, Device? device = null)
    {
        _recipe = recipe;
        _data = data;
        Plan = new RunPlan(recipe, data.Samples);
        _lanes = [.. Enumerable.Range(0, lanes).Select(i => new Lane($"lane {i}")).Select(l => (l, l.Open(() => new Replica(recipe, device ?? CPU)).GetAwaiter().GetResult()))];
        MethodCatalog.CheckSamples(recipe, _lanes[0].Replica.Method, data.Samples);
        Layout = _lanes[0].Replica.Layout;
        _parameters = _lanes[0].Lane.Run(_lanes[0].Replica.InitialParameters).GetAwaiter().GetResult();
        _slices = [.. Layout.Slices.Select(s => new SliceState(recipe, s, _parameters.AsSpan(s.Offset, s.Length)))];
        _teacher = new TeacherState(Layout.Entries, 0, [.. _parameters], 0);
        _state = new StateStore(_lanes[0].Replica.Method.State, recipe.Seed, data.Samples);
    }

    public RunPlan Plan { get; }

    public ParameterLayout Layout { get; }

    /// <summary>The next step.</summary>
    public long Step { get; private set; }

    /// <summary>The flat vector at the present version.</summary>
    public ReadOnlySpan<float> Parameters => _parameters;

    /// <summary>The teacher's flat vector; meaningful where the teacher follows.</summary>
    public ReadOnlySpan<float> Teacher => _teacher.Values;

    /// <summary>XXH128 over the slices' hashes: what the ledger records.</summary>
    public string WeightsHash => WeightsHashing.Combine(_slices.Take(Layout.HashedSlices).Select(s => s.Hash()));

    /// <summary>Names of the optimiser's states, as <see cref="Restore"/> wants them.</summary>
    public IEnumerable<string> OptimizerStates => _slices[0].OptimizerState.Select(s => s.Name);

    /// <summary>Names of the method's states, as <see cref="Restore"/> wants them.</summary>
    public IReadOnlyCollection<string> MethodStates => [.. _state.Names];

    /// <summary>Puts a saved version in the place of this one; the next step is <paramref name="version"/>.</summary>
    /// <param name="version">Commits in the weights.</param>
    /// <param name="parameters">The flat vector.</param>
    /// <param name="optimizer">Flat vectors by the names of <see cref="OptimizerStates"/>.</param>
    /// <param name="teacher">The teacher's flat vector; of no meaning where no teacher follows.</param>
    /// <param name="state">Values of the method's states and the rows that were ever pushed into each.</param>
    /// <exception cref="InvalidDataException">Something has another size than the recipe's.</exception>
    public void Restore(
        long version, float[] parameters, IReadOnlyDictionary<string, float[]> optimizer, float[] teacher, IEnumerable<(string Name, float[] Values, long Pushed)> state)
    {
        foreach (var slice in _slices)
            slice.Restore(version, Of(slice, parameters), optimizer.ToDictionary(o => o.Key, o => Of(slice, o.Value)));
        parameters.CopyTo(_parameters, 0);
        _teacher = new TeacherState(Layout.Entries, 0, [.. teacher], version);
        _state.Restore(version, state);
        Step = version;

        static float[] Of(SliceState slice, float[] flat) => flat.AsSpan(slice.Slice.Offset, slice.Slice.Length).ToArray();
    }

    /// <summary>Has all that steps make from now on looked at. One lane only: what comes first is told by the order.</summary>
    public void Observe(FiniteWatch watch) => _lanes.Single().Replica.Observe(watch);

    /// <summary>Backbone features <c>[N, D]</c> of normalised images.</summary>
    public float[] Features(float[] pixels, int height, int width)
    {
        var (lane, replica) = _lanes[0];
        return lane.Run(() =>
        {
            replica.Load(_parameters, _teacher.Values);
            return replica.Features(pixels, height, width);
        }).Result;
    }

    public int FeatureDimension => _lanes[0].Replica.FeatureDimension;

    /// <summary>One optimiser step.</summary>
    public StepReport RunStep()
    {
        var started = Stopwatch.GetTimestamp();
        var watch = _lanes[0].Replica.Watch;
        LookAtVersion(watch);
        var work = Enumerable.Range(0, Plan.MicroBatches).GroupBy(m => m * _lanes.Length / Plan.MicroBatches).ToArray();
        var sum = new TreeSum(Plan.MicroBatches);
        var reported = new IReadOnlyDictionary<string, float>[Plan.MicroBatches];
        float loss;
        var dataSeconds = 0.0;

        // Encode; without coupling also backprop.
        var open = new OpenMicroBatch[Plan.MicroBatches];
        var exported = new IReadOnlyList<NamedArray>[Plan.MicroBatches];
        var losses = new float[Plan.MicroBatches];
        var coupled = _lanes[0].Replica.Method.Coupled;
        var carried = _lanes[0].Replica.Method.Carried;
        var meetings = new StepMeetings(Plan.MicroBatches);
        OnLanes((lane, replica, m) =>
        {
            var before = Stopwatch.GetTimestamp();
            using var views = _data.Render(Plan.FirstPosition(Step, m), Plan.MicroBatch);
            lock (sum)
                dataSeconds += Stopwatch.GetElapsedTime(before).TotalSeconds / _lanes.Length;
            var context = Context(views.SampleIds);
            var meeting = replica.MeetsInBatchNorm ? lane.Meeting(Plan.MicroBatches, (number, values) => meetings.Bring(number, m, values)) : null;
            open[m] = replica.Encode(m, views, context, meeting);
            exported[m] = Replica.Export(open[m], coupled ? null : carried);
            reported[m] = context.Reported;
            if (coupled)
                return;
            var gradient = new float[Layout.Length];
            using var scope = NewDisposeScope();
            losses[m] = replica.LossAndBackward(open[m], replica.ToTensors(_state), context, gradient);
            lock (sum)
                sum.Add(new MicroBatchRange(m, 1), gradient);
        }, load: true);

        // Couple, and let the state advance.
        var whole = exported[0].Count > 0 ? NamedArray.Concatenate(exported) : [];
        var update = StateUpdate.None;
        var (lane, first) = _lanes[0];
        if (coupled)
        {
            var context = Context(WholeBatch());
            var result = lane.Run(() =>
            {
                using var scope = NewDisposeScope();
                return first.Couple(whole, first.ToTensors(_state), context);
            }).Result;
            loss = result.Loss;
            reported = [.. reported, context.Reported];
            var parts = result.Gradients.Select(g => g.Split(Plan.MicroBatches)).ToList();
            OnLanes((_, replica, m) =>
            {
                var gradient = new float[Layout.Length];
                replica.Backward(open[m], [.. parts.Select(p => p[m])], gradient);
                lock (sum)
                    sum.Add(new MicroBatchRange(m, 1), gradient);
            });
        }
        else
        {
            loss = losses.Aggregate(0f, (a, b) => a + b) / losses.Length;
        }

        if (_state.Names.Count > 0)
        {
            update = lane.Run(() =>
            {
                using var scope = NewDisposeScope();
                return first.Advance(whole, first.ToTensors(_state), Context(WholeBatch()));
            }).Result;
        }

        // Reduce and commit.
        var schedule = Plan.Schedule(Step);
        var total = sum.Total;
        watch?.Sum(Layout, total);
        var squares = 0.0;
        foreach (var slice in _slices)
            squares += slice.GradientSquares(total.AsSpan(slice.Slice.Offset, slice.Slice.Length));
        var norm = Math.Sqrt(squares);
        foreach (var slice in _slices)
        {
            slice.Apply(schedule, total.AsSpan(slice.Slice.Offset, slice.Slice.Length), Clipping.Factor(_recipe.Optimizer, norm));
            slice.Parameters.CopyTo(_parameters.AsSpan(slice.Slice.Offset));
        }

        if (Layout.HasTeacher)
            _teacher.Follow(Step, schedule.TeacherMomentum, _parameters);
        _state.Advance(Step, update);
        var report = new StepReport(Step, loss, schedule.LearningRate, norm, Stopwatch.GetElapsedTime(started).TotalSeconds, dataSeconds, WeightsHash, ReportedTerms.Mean(reported));
        Step++;
        return report;

        void OnLanes(Action<Lane, Replica, int> compute, bool load = false)
        {
            if (load)
                Task.WaitAll([.. _lanes.Select(l => l.Lane.Run(() => l.Replica.Load(_parameters, _teacher.Values)))]);
            Task.WaitAll([.. work.SelectMany(mine => On(_lanes[mine.Key].Lane, _lanes[mine.Key].Replica, [.. mine]))]);

            IEnumerable<Task> On(Lane lane, Replica replica, int[] mine) => replica.MeetsInBatchNorm
                ? mine.Select(m => lane.RunMeeting(() => Once(lane, replica, m)))
                : [lane.Run(() => Array.ForEach(mine, m => compute(lane, replica, m)))];

            bool Once(Lane lane, Replica replica, int m)
            {
                try
                {
                    compute(lane, replica, m);
                    return true;
                }
                catch (Exception e)
                {
                    // The others would wait for it for ever.
                    meetings.End(e);
                    throw;
                }
            }
        }

        long[] WholeBatch() => _data.SampleIds(Plan.FirstPosition(Step), Plan.EffectiveBatch);

        StepContext Context(IReadOnlyList<long> samples) => StepContexts.Create(_recipe, Plan, Step, samples, _lanes[0].Replica.Device);
    }

    private void LookAtVersion(FiniteWatch? watch)
    {
        foreach (var entry in watch is null ? [] : Layout.Entries)
        {
            watch!.Version("", entry.Name, _parameters.AsSpan(entry.Offset, entry.Length));
            if (entry.Followed)
                watch.Version(TensorEntry.TeacherPrefix, entry.Name, _teacher.Values.AsSpan(entry.Offset, entry.Length));
        }

        foreach (var name in watch is null ? [] : _state.Names)
            watch!.Version("the method's state ", name, _state.Values(name));
    }

    public void Dispose()
    {
        foreach (var (lane, replica) in _lanes)
        {
            lane.Run(replica.Dispose).Wait();
            lane.Dispose();
        }
    }
}
