using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>What methods of two views encode.</summary>
internal static class TwoViews
{
    /// <summary>Both views through the student in one batch (K17): projections <c>z1</c>, <c>z2</c> <c>[N, D]</c>.</summary>
    public static Embeddings Together(Networks networks, Views views)
    {
        var both = networks.Student.call(cat([views[0], views[1]])).chunk(2);
        return new Embeddings { { "z1", both[0] }, { "z2", both[1] } };
    }

    /// <summary>Each view through the student by itself, in batches of their own for batch norm: projections <c>z1</c>, <c>z2</c> <c>[N, D]</c>.</summary>
    public static Embeddings Apart(Networks networks, Views views) => new()
    {
        { "z1", networks.Student.call(views[0]) },
        { "z2", networks.Student.call(views[1]) },
    };

    /// <summary>The student's predictions of both views, named <paramref name="name"/>1 and 2, and the teacher's projections <c>key1</c>, <c>key2</c> <c>[N, D]</c> (BYOL).</summary>
    public static Embeddings PredictionsAndKeys(Networks networks, Views views, string name) => WithKeys(networks, views, new()
    {
        { $"{name}1", networks.Student.Predict(networks.Student.call(views[0])) },
        { $"{name}2", networks.Student.Predict(networks.Student.call(views[1])) },
    });

    /// <summary>Adds the teacher's projections <c>key1</c>, <c>key2</c> <c>[N, D]</c>, without gradient.</summary>
    public static Embeddings WithKeys(Networks networks, Views views, Embeddings found)
    {
        using var off = no_grad();
        found.Add("key1", networks.Teacher!.call(views[0]));
        found.Add("key2", networks.Teacher!.call(views[1]));
        return found;
    }

    /// <summary>The student's query of the first view <c>q1</c> and the teacher's key of the second <c>key2</c>, both <c>[N, D]</c> (MoCo).</summary>
    public static Embeddings QueryAndKey(Networks networks, Views views) => new()
    {
        { "q1", networks.Student.call(views[0]) },
        { "key2", networks.Key(views[1]) },
    };
}
