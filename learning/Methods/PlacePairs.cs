using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Methods;

/// <summary>Which place of one view goes with which of another. All choices are made in a fixed order, off any device; the first of equals wins.</summary>
internal static class PlacePairs
{
    /// <summary>
    /// Centres of a view's grid × grid places in its image <c>[N, P]</c> rows of (x, y), in units of the image's longer side, from the view's description.
    /// </summary>
    public static (float X, float Y)[] Centres(ReadOnlySpan<float> description, int grid)
    {
        var centres = new (float X, float Y)[grid * grid];
        for (var i = 0; i < centres.Length; i++)
        {
            var (u, v) = (((i % grid) + 0.5f) / grid, ((i / grid) + 0.5f) / grid);
            var across = description[ViewDescription.Flip] > 0 ? 1 - u : u;
            centres[i] = (description[ViewDescription.Left] + (description[ViewDescription.Width] * across), description[ViewDescription.Top] + (description[ViewDescription.Height] * v));
        }

        return centres;
    }

    /// <summary>By location: for each place of view a the nearest of view b in the image, and of these pairs the <paramref name="most"/> nearest: <c>[N, G]</c> each.</summary>
    public static (Tensor Own, Tensor Other) ByLocation(Tensor a, Tensor b, int grid, int most)
    {
        var (first, second) = (a.Values<float>(), b.Values<float>());
        return Nearest((int)a.shape[0], grid * grid, most, row =>
        {
            var from = Centres(first.AsSpan(row * ViewDescription.Length, ViewDescription.Length), grid);
            var to = Centres(second.AsSpan(row * ViewDescription.Length, ViewDescription.Length), grid);
            return (p, q) => ((from[p].X - to[q].X) * (from[p].X - to[q].X)) + ((from[p].Y - to[q].Y) * (from[p].Y - to[q].Y));
        }, a.device);
    }

    /// <summary>By what is there: the same with the Euclidean distance of embeddings <c>[N, P, D]</c>.</summary>
    public static (Tensor Own, Tensor Other) ByFeature(Tensor a, Tensor b, int most)
    {
        using var off = no_grad();
        var p = (int)a.shape[1];
        var squares = a.square().sum(-1).unsqueeze(2) + b.square().sum(-1).unsqueeze(1) - (2 * a.bmm(b.transpose(1, 2)));
        var values = squares.to(ScalarType.Float32).contiguous().Values<float>();
        return Nearest((int)a.shape[0], p, most, row => (x, y) => values[(((row * p) + x) * p) + y], a.device);
    }

    /// <summary>The place of view b that is most like each place of view a, by cosine of <c>[N, P, F]</c>: <c>[N, P]</c>.</summary>
    public static Tensor MostAlike(Tensor a, Tensor b)
    {
        using var off = no_grad();
        return functional.normalize(a, dim: -1).bmm(functional.normalize(b, dim: -1).transpose(1, 2)).argmax(2);
    }

    private static (Tensor Own, Tensor Other) Nearest(int rows, int places, int most, Func<int, Func<int, int, float>> distanceOf, Device device)
    {
        var count = Math.Min(most, places);
        var (own, other) = (new long[rows * count], new long[rows * count]);
        for (var row = 0; row < rows; row++)
        {
            var distance = distanceOf(row);
            var nearest = Enumerable.Range(0, places).Select(p => (P: p, Q: Enumerable.Range(0, places).MinBy(q => distance(p, q)))).ToArray();
            var chosen = nearest.OrderBy(n => distance(n.P, n.Q)).Take(count).ToArray();
            for (var i = 0; i < count; i++)
                (own[(row * count) + i], other[(row * count) + i]) = (chosen[i].P, chosen[i].Q);
        }

        return (tensor(own, [rows, count]).to(device), tensor(other, [rows, count]).to(device));
    }
}
