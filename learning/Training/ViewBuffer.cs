using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>
/// One view of every sample of a micro-batch: values <c>[b, …]</c>, rows in sample order. Pictures are normalised pixels
/// <c>[b, 3, H, W]</c> in float32, texts tokens <c>[b, L]</c> in int64, rows of a table cells <c>[b, C]</c> in float32.
/// </summary>
public sealed class ViewBuffer
{
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Of one sample: <c>[3, H, W]</c>, <c>[C]</c> …</param>
    /// <param name="mask"><c>[b, P]</c>, true where hidden or missing; null: nothing is.</param>
    public ViewBuffer(float[] values, IReadOnlyList<long> shape, bool[]? mask = null) => (Values, Shape, Mask) = (values, shape, mask);

    /// <param name="tokens">Row-major.</param>
    /// <param name="shape">Of one sample: <c>[L]</c>.</param>
    /// <param name="mask"><c>[b, P]</c>, true where hidden or missing; null: nothing is.</param>
    public ViewBuffer(long[] tokens, IReadOnlyList<long> shape, bool[]? mask = null)
        : this(Array.Empty<float>(), shape, mask)
        => Tokens = tokens;

    /// <summary>A picture's <c>[b, 3, H, W]</c>.</summary>
    public ViewBuffer(float[] pixels, int height, int width, bool[]? mask = null)
        : this(pixels, [3, height, width], mask)
    {
    }

    /// <summary>Row-major float32; empty of a view of tokens.</summary>
    public float[] Values { get; }

    /// <summary>Row-major int64; null of a view of other values.</summary>
    public long[]? Tokens { get; }

    /// <summary>Of one sample.</summary>
    public IReadOnlyList<long> Shape { get; }

    /// <summary><c>[b, P]</c>, true where hidden or missing; null: nothing is.</summary>
    public bool[]? Mask { get; }

    /// <summary>How each row was made of its image <c>[b, <see cref="Augment.ViewDescription.Length"/>]</c>; null of views that are no pictures, and where nobody knows.</summary>
    public float[]? Descriptions { get; init; }

    /// <summary>b.</summary>
    public int Rows => (int)((Tokens?.Length ?? Values.Length) / Shape.Aggregate(1L, (a, b) => a * b));

    /// <summary>The view as a tensor <c>[b, …]</c> of the caller's scope.</summary>
    public Tensor ToTensor(Device device)
    {
        long[] shape = [Rows, .. Shape];
        return Tokens is null ? TensorMemory.Aligned(Values, shape, device) : tensor(Tokens, shape).to(device);
    }

    /// <summary>The descriptions as a tensor; null without them.</summary>
    public Tensor? DescriptionTensor(Device device) => Descriptions is null ? null : TensorMemory.Aligned(Descriptions, [Rows, Descriptions.Length / Rows], device);

    /// <summary>The mask as a tensor <c>[b, P]</c>; null without one.</summary>
    public Tensor? MaskTensor(Device device) => Mask is null ? null : tensor(Mask, [Rows, Mask.Length / Rows]).to(device);
}
