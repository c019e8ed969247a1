using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// The values of a method's state and the rules by which they advance: plain floats, so that the grain that owns them
/// and the replica on a worker run the same code. Advancing to a step that is done already changes nothing.
/// </summary>
public sealed class StateStore
{
    private readonly Dictionary<string, Entry> _entries = [];

    /// <param name="specs">The method's states.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="samples">Samples in the data set; rows of a bank.</param>
    public StateStore(IReadOnlyList<StateSpec> specs, ulong seed, long samples)
    {
        for (var number = 0; number < specs.Count; number++)
        {
            var spec = specs[number];
            var shape = spec.ShapeFor(samples);
            var width = shape.Skip(1).Aggregate(1L, (a, b) => a * b);
            var values = new float[checked(shape[0] * width)];
            if (spec.Initial == StateInitial.UnitRows)
                FillUnitRows(values, (int)width, seed, number);
            _entries[spec.Name] = new Entry(spec, shape, values);
        }
    }

    /// <summary>Steps that the state has seen: the version of the state, equal to the parameters' version at a commit.</summary>
    public long Version { get; private set; }

    public IReadOnlyCollection<string> Names => _entries.Keys;

    /// <summary>Values in row-major order.</summary>
    public ReadOnlySpan<float> Values(string name) => _entries[name].Values;

    public IReadOnlyList<long> Shape(string name) => _entries[name].Shape;

    public StateKind Kind(string name) => _entries[name].Spec.Kind;

    /// <summary>Rows that were ever pushed into a queue; the next one goes to this number modulo the queue's length.</summary>
    public long Pushed(string name) => _entries[name].Pushed;

    /// <summary>Brings the state from version <paramref name="step"/> to <paramref name="step"/> + 1.</summary>
    /// <returns>False when that was done before.</returns>
    /// <exception cref="InvalidOperationException">A step was left out.</exception>
    public bool Advance(long step, StateUpdate update)
    {
        if (step < Version)
            return false;
        if (step > Version)
            throw new InvalidOperationException($"The method state is at version {Version} and cannot advance by step {step}.");
        foreach (var change in update.Changes)
            _entries[change.Name].Apply(change);
        Version = step + 1;
        return true;
    }

    /// <summary>Puts a saved state back.</summary>
    public void Restore(long version, IEnumerable<(string Name, float[] Values, long Pushed)> saved)
    {
        foreach (var (name, values, pushed) in saved)
        {
            var entry = _entries[name];
            if (values.Length != entry.Values.Length)
                throw new InvalidDataException($"Saved state {name} has {values.Length} values, the recipe's has {entry.Values.Length}.");
            values.CopyTo(entry.Values, 0);
            entry.Pushed = pushed;
        }

        Version = version;
    }

    private static void FillUnitRows(float[] values, int width, ulong seed, int number)
    {
        for (var row = 0; row < values.Length / width; row++)
        {
            var random = new RandomStream(seed, Purpose.MethodState, 0, row, number);
            var squares = 0.0;
            var span = values.AsSpan(row * width, width);
            for (var i = 0; i < width; i++)
            {
                span[i] = random.NextNormal();
                squares += (double)span[i] * span[i];
            }

            var scale = (float)(1 / Math.Sqrt(squares));
            for (var i = 0; i < width; i++)
                span[i] *= scale;
        }
    }

    private sealed class Entry(StateSpec spec, long[] shape, float[] values)
    {
        public StateSpec Spec { get; } = spec;

        public long[] Shape { get; } = shape;

        public float[] Values { get; } = values;

        public long Pushed { get; set; }

        private int Width => Shape[0] == 0 ? 0 : (int)(Values.Length / Shape[0]);

        public void Apply(StateChange change)
        {
            switch (Spec.Kind)
            {
                case StateKind.Value:
                    change.Values.CopyTo(Values, 0);
                    break;
                case StateKind.Queue:
                    for (var row = 0; row < change.Values.Length / Width; row++, Pushed++)
                        change.Values.AsSpan(row * Width, Width).CopyTo(Values.AsSpan((int)(Pushed % Shape[0]) * Width));
                    break;
                case StateKind.Bank:
                    for (var row = 0; row < change.SampleIds!.Length; row++)
                        change.Values.AsSpan(row * Width, Width).CopyTo(Values.AsSpan(checked((int)change.SampleIds[row] * Width)));
                    break;
            }
        }
    }
}
