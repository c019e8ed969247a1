using System.Globalization;
using SslOrleans.Contracts;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Learning.Training;

/// <summary>Refuses tensors that a loss would broadcast, skip or overflow into a plausible wrong value.</summary>
internal static class LossInputs
{
    private const int MostViews = 256;

    /// <summary>Whole numbers above cannot be told apart in float32.</summary>
    private const float MostWhole = 1 << 24;

    /// <summary>Squared distances of two rows stay below float32's largest value.</summary>
    private const double MostSquares = float.MaxValue / 4.0;

    /// <summary>The highest number at the end of a tensor's name, each of which stands for a view.</summary>
    /// <exception cref="UserErrorException">There are fewer tensors than such a number tells.</exception>
    public static int Views(string method, IReadOnlyList<NamedArray> tensors)
    {
        var highest = 0;
        foreach (var t in tensors)
        {
            var digits = t.Name[t.Name.AsSpan().TrimEnd("0123456789").Length..];
            if (digits.Length == 0)
                continue;
            if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > Math.Max(2, Math.Min(tensors.Count, MostViews)))
                throw new UserErrorException($"tensor \"{t.Name}\" is of view {digits}, but the file has {tensors.Count} tensors; number the views from 1, at most {MostViews} (`sslo methods {method}` names the tensors).");
            highest = Math.Max(highest, number);
        }

        return highest;
    }

    /// <summary>Shapes that fit each other and the method, values that are finite, ids that name rows.</summary>
    /// <param name="method">Its name.</param>
    /// <param name="tensors">Each is one of <paramref name="known"/>.</param>
    /// <param name="known">What the method takes.</param>
    /// <param name="sampleIds">Samples of the rows; null: 0 … N − 1.</param>
    /// <returns>N.</returns>
    /// <exception cref="UserErrorException">Something does not.</exception>
    public static long Check(string method, IReadOnlyList<NamedArray> tensors, MethodTensors known, long[]? sampleIds)
    {
        var sizes = Sizes(method, tensors, known);
        foreach (var t in tensors)
        {
            CheckValues(t);
            if (!t.RequiresGradient && known.Embeddings.FirstOrDefault(k => k.Name == t.Name) is { HasGradient: true })
                throw new UserErrorException($"tensor \"{t.Name}\" has whole numbers; {method} takes a gradient by it: give float32.");
        }

        var rows = sizes.TryGetValue("N", out var n) ? n.Size : 0;
        if (sampleIds is not null && sampleIds.Length != rows)
            throw new UserErrorException($"sampleIds names {sampleIds.Length} samples, the embeddings have {rows} rows; give one for each row.");
        if (sizes.TryGetValue("samples", out var samples))
        {
            var most = sampleIds is { Length: > 0 } ? sampleIds.Max() : rows - 1;
            if (most >= samples.Size || sampleIds is { Length: > 0 } && sampleIds.Min() < 0)
                throw new UserErrorException($"sampleIds goes from {(sampleIds is { Length: > 0 } ? sampleIds.Min() : 0)} to {most}{(sampleIds is null ? " by default" : "")}, but \"{samples.Of}\" has {samples.Size} samples; give int64 sampleIds of 0 … {samples.Size - 1}.");
        }

        if (tensors.FirstOrDefault(t => t.Name == "assignments") is { } assignments && sizes.TryGetValue("K", out var clusters))
            CheckAssignments(assignments, clusters.Size, clusters.Of);
        return rows;
    }

    /// <summary>The size of each letter, and the tensor that it was read from.</summary>
    private static Dictionary<string, (long Size, string Of)> Sizes(string method, IReadOnlyList<NamedArray> tensors, MethodTensors known)
    {
        var sizes = new Dictionary<string, (long Size, string Of)>();
        foreach (var t in tensors)
        {
            var symbols = known.Embeddings.Concat(known.State).First(k => k.Name == t.Name).Shape.Trim('[', ']').Split(", ");
            if (symbols.Length != t.Shape.Length)
                throw Refused(t, $"it has {t.Shape.Length} dimension{(t.Shape.Length == 1 ? "" : "s")}, not {symbols.Length}");
            foreach (var (symbol, size) in symbols.Zip(t.Shape))
            {
                if (size < 1)
                    throw Refused(t, $"{symbol} is {size}; it must be at least 1");
                if (long.TryParse(symbol, CultureInfo.InvariantCulture, out var fixedSize))
                {
                    if (size != fixedSize)
                        throw Refused(t, $"a size is {size}, not {fixedSize}");
                }
                else if (!sizes.TryAdd(symbol, (size, t.Name)) && sizes[symbol].Size != size)
                {
                    throw Refused(t, $"{symbol} is {size} here and {sizes[symbol].Size} in \"{sizes[symbol].Of}\"");
                }
            }
        }

        return sizes;

        UserErrorException Refused(NamedArray t, string why)
        {
            var shapes = string.Join(", ", tensors.Select(s => $"{s.Name} {Shape(s)}"));
            return new UserErrorException($"{method}'s loss does not take {shapes}: tensor \"{t.Name}\" is {Shape(t)}, and {why}. It takes {LossBench.Listing(known)}.");
        }
    }

    private static void CheckValues(NamedArray t)
    {
        var width = t.Shape.Length == 0 || t.Shape[0] == 0 ? t.Values.Length : t.Values.Length / (int)t.Shape[0];
        var squares = 0.0;
        for (var i = 0; i < t.Values.Length; i++)
        {
            if (!float.IsFinite(t.Values[i]))
                throw new UserErrorException($"tensor \"{t.Name}\" has {t.Values[i].ToString(CultureInfo.InvariantCulture)} at {Place(t, i)} (as float32); losses take finite values.");
            squares = i % width == 0 ? 0 : squares;
            squares += (double)t.Values[i] * t.Values[i];
            if (squares > MostSquares)
                throw new UserErrorException($"tensor \"{t.Name}\" has a row with a norm above {Math.Sqrt(MostSquares):G2} at {Place(t, i)}, whose square float32 does not hold; scale the embeddings down.");
        }

        if (!t.RequiresGradient && Array.FindIndex(t.Values, v => Math.Abs(v) > MostWhole) is >= 0 and var at)
            throw new UserErrorException($"tensor \"{t.Name}\" has {t.Values[at].ToString(CultureInfo.InvariantCulture)} at {Place(t, at)}; whole numbers are told apart up to {MostWhole}.");
    }

    private static void CheckAssignments(NamedArray t, long clusters, string of)
    {
        var at = Array.FindIndex(t.Values, v => v < 0 || v >= clusters || v != MathF.Floor(v));
        if (at >= 0)
            throw new UserErrorException($"tensor \"{t.Name}\" has {t.Values[at].ToString(CultureInfo.InvariantCulture)} at {Place(t, at)}; give whole numbers 0 … {clusters - 1}, the rows of \"{of}\".");
    }

    private static string Shape(NamedArray t) => $"[{string.Join(", ", t.Shape)}]";

    private static string Place(NamedArray t, int index)
    {
        var place = new long[t.Shape.Length];
        for (var d = place.Length - 1; d >= 0; d--)
            (index, place[d]) = ((int)(index / t.Shape[d]), index % t.Shape[d]);
        return $"[{string.Join(", ", place)}]";
    }
}

/// <summary>Tensors by name, and which of them were asked for.</summary>
internal sealed class AskedTensors(IEnumerable<KeyValuePair<string, TorchSharp.torch.Tensor>> tensors) : IReadOnlyDictionary<string, TorchSharp.torch.Tensor>
{
    private readonly Dictionary<string, TorchSharp.torch.Tensor> _tensors = new(tensors);

    public HashSet<string> Asked { get; } = [];

    public int Count => _tensors.Count;

    public IEnumerable<string> Keys => _tensors.Keys;

    public IEnumerable<TorchSharp.torch.Tensor> Values => _tensors.Values;

    public TorchSharp.torch.Tensor this[string key] => TryGetValue(key, out var value) ? value : throw new KeyNotFoundException(key);

    public bool ContainsKey(string key) => _tensors.ContainsKey(key);

    public bool TryGetValue(string key, out TorchSharp.torch.Tensor value)
    {
        Asked.Add(key);
        return _tensors.TryGetValue(key, out value!);
    }

    public IEnumerator<KeyValuePair<string, TorchSharp.torch.Tensor>> GetEnumerator() => _tensors.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
