using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Clips;
using SslOrleans.Learning.Data;

namespace SslOrleans.Learning.Training;

/// <summary>
/// Moments of recorded trajectories: a folder of frames for each, with <c>actions.txt</c>, the number of what was done at each frame, a line each, and where there is one
/// <c>states.txt</c>, numbers that a probe asks for. A sample is a trajectory at a moment; its views are frames from there on, and what was done between them.
/// </summary>
public sealed class TrajectoryTrainingData : ITrainingData
{
    private readonly Recipe _recipe;
    private readonly ViewRecipe[] _kinds;
    private readonly ClipViews _views;
    private readonly Moments _train;
    private readonly SampleOrder _order;
    private readonly Lazy<EvaluationSet?> _test;
    private Moments? _held;

    /// <param name="recipe">Which trajectories and views.</param>
    /// <param name="files">Opens the place of the trajectories.</param>
    /// <exception cref="UserErrorException">There are none.</exception>
    public TrajectoryTrainingData(Recipe recipe, Func<IDataFiles> files)
    {
        (_recipe, _views) = (recipe, new ClipViews(recipe));
        _kinds = [.. recipe.Views.SelectMany(v => Enumerable.Repeat(v, v.Count))];
        _train = new Moments(files(), recipe, recipe.Data.Split, recipe.Data.Limit);
        _order = SampleOrder.Uniform(_train.Starts.Count, recipe.Seed);
        _test = new Lazy<EvaluationSet?>(() => OpenTest(files));
    }

    public long Samples => _order.EpochLength;

    public string Fingerprint => _train.Fingerprint;

    public IReadOnlyList<string> Notes => _train.Notes;

    public long[] SampleIds(long firstPosition, int count) => Array.ConvertAll(Positions(firstPosition, count), p => (long)p.SampleId);

    public MicroBatchViews Render(long firstPosition, int count)
    {
        var positions = Positions(firstPosition, count);
        var views = _kinds.Select((v, view) => v.Kind == ViewKind.Action
            ? new ViewBuffer([.. positions.SelectMany(p => _train.ActionsAt(p.SampleId))], [v.Action.Steps])
            : _views.Draw(view, positions, (sample, t) => _train.Frame(sample, t), (_, _) => 1)).ToList();
        return new MicroBatchViews([.. positions.Select(p => (long)p.SampleId)], views);
    }

    public EvaluationSet? Evaluation(bool test) => test ? _test.Value : EvaluationOf(_train);

    public void Dispose()
    {
        _train.Dispose();
        _held?.Dispose();
    }

    private SamplePosition[] Positions(long first, int count)
    {
        var positions = new SamplePosition[count];
        _order.Fill(first, positions);
        return positions;
    }

    private EvaluationSet? OpenTest(Func<IDataFiles> files)
    {
        try
        {
            return EvaluationOf(_held = new Moments(files(), _recipe, _recipe.Data.TestSplit, _recipe.Data.TestLimit));
        }
        catch (UserErrorException)
        {
            // A test split is optional; without one the probes that need it are left out.
            return null;
        }
    }

    private EvaluationSet EvaluationOf(Moments moments)
    {
        var frames = TrajectoryViews.Stack(_recipe);
        return new EvaluationSet(moments.Starts.Count, null, _views.Shape(frames), (first, count) => _views.Whole(first, count, frames, moments.Frame)) { States = moments.States };
    }

    /// <summary>The moments of one split.</summary>
    private sealed class Moments : IDisposable
    {
        private readonly ClipSet _clips;
        private readonly Dictionary<int, long[]> _actions = [];
        private readonly int _before;
        private readonly int _steps;

        public Moments(IDataFiles files, Recipe recipe, string split, int limit)
        {
            _clips = ClipSet.Open(files, split);
            var clip = recipe.Views[0].Clip;
            _steps = TrajectoryViews.Steps(recipe);
            _before = clip.Frames - 1 - _steps;
            var (bad, brief, states) = (new List<string>(), 0, new List<float[]?>());
            for (var c = 0; c < _clips.Count; c++)
            {
                if (Numbers(c, "actions.txt") is not { } lines || lines.Count < _clips.Frames(c) - 1 || lines.Any(l => l is not [var a] || a != Math.Floor(a) || a < 0 || a >= TrajectoryViews.Kinds(recipe)))
                {
                    bad.Add(_clips.Folders[c]);
                    continue;
                }

                _actions[c] = [.. lines.Select(l => (long)l[0])];
                var room = _clips.Frames(c) - (((clip.Frames - 1) * clip.Stride) + 1) + 1;
                brief += room < 1 ? 1 : 0;
                var beside = Numbers(c, "states.txt");
                for (var t = 0; t < room && (limit == 0 || Starts.Count < limit); t++)
                {
                    Starts.Add((c, t));
                    states.Add(beside is not null && t + _before < beside.Count ? beside[t + _before] : null);
                }
            }

            if (Starts.Count == 0)
            {
                _clips.Dispose();
                throw new UserErrorException($"{files.Location} has no trajectory in split '{split}' with frames and actions.txt (a number from 0 to below views.*.action.kinds for each frame){(bad.Count > 0 ? $"; the first without: {bad[0]}" : "")}.") { Reason = RefusalReason.Data };
            }

            Notes =
            [
                .. _clips.Notes,
                .. bad.Count == 0 ? Array.Empty<string>() : [$"{bad.Count} trajectories have no actions.txt with a number from 0 to below views.*.action.kinds for each frame, and are left out (the first: {bad[0]})"],
                .. brief == 0 ? Array.Empty<string>() : [$"{brief} trajectories are shorter than a view and have no moment in it"],
            ];
            var width = states[0]?.Length ?? 0;
            States = width > 0 && states.All(s => s?.Length == width) ? [.. states.SelectMany(s => s!)] : null;
        }

        /// <summary>Trajectory and first frame of each sample.</summary>
        public List<(int Clip, int Frame)> Starts { get; } = [];

        public IReadOnlyList<string> Notes { get; }

        /// <summary>Of frames, names and what was done.</summary>
        public string Fingerprint => $"{_clips.Fingerprint}-{System.IO.Hashing.XxHash64.HashToUInt64(System.Runtime.InteropServices.MemoryMarshal.AsBytes<long>(_actions.OrderBy(a => a.Key).SelectMany(a => a.Value).ToArray())):x16}";

        /// <summary>States at the last frame of the first observation, or null.</summary>
        public float[]? States { get; }

        public Images.RgbImage Frame(int sample, int t) => _clips.Frame(Starts[sample].Clip, Starts[sample].Frame + t);

        /// <summary>What was done at the last frame of the first observation, and at those that follow.</summary>
        public IEnumerable<long> ActionsAt(int sample) => _actions[Starts[sample].Clip].Skip(Starts[sample].Frame + _before).Take(_steps);

        public void Dispose() => _clips.Dispose();

        /// <summary>Numbers of each line of a text; null where there is none, or something that is no number.</summary>
        private List<float[]>? Numbers(int clip, string name)
        {
            if (_clips.Text(clip, name) is not { } text)
                return null;
            var rows = new List<float[]>();
            foreach (var line in text.Split('\n').Where(l => l.Trim().Length > 0))
            {
                var row = new List<float>();
                foreach (var word in line.Split([' ', '\t', ',', '\r'], StringSplitOptions.RemoveEmptyEntries))
                {
                    if (!float.TryParse(word, CultureInfo.InvariantCulture, out var number) || !float.IsFinite(number))
                        return null;
                    row.Add(number);
                }

                rows.Add([.. row]);
            }

            return rows;
        }
    }
}
