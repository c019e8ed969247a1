using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Numerics;

/// <summary>
/// Values of tensors in .NET memory. <c>Tensor.bytes</c> is memory of the tensor, which nothing else keeps alive; so it is read and written here
/// only, where the tensor lives until the copy is done.
/// </summary>
internal static class TensorMemory
{
#pragma warning disable RS0030 // This is the place for Tensor.bytes.

    /// <summary>A copy of all values, in row-major order, from any device.</summary>
    /// <param name="tensor">Of element type <typeparamref name="T"/>.</param>
    public static T[] Values<T>(this Tensor tensor)
        where T : unmanaged
    {
        var values = new T[tensor.numel()];
        tensor.CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>Copies all values, in row-major order, from any device.</summary>
    /// <param name="tensor">Of element type <typeparamref name="T"/>.</param>
    /// <param name="into">At least as long.</param>
    public static void CopyTo<T>(this Tensor tensor, Span<T> into)
        where T : unmanaged
    {
        using var scope = NewDisposeScope();
        using var here = tensor.detach().cpu().contiguous();
        CheckType<T>(here);
        MemoryMarshal.Cast<byte, T>(here.bytes).CopyTo(into);
    }

    /// <summary>
    /// A tensor of these values in memory of libtorch's own. <c>torch.tensor(array)</c> leaves them where the array lies, at any address, and a matrix product
    /// of rows at another address may be summed in another order: other last bits from run to run.
    /// </summary>
    /// <param name="values">Row-major.</param>
    /// <param name="shape">Of the tensor.</param>
    /// <param name="device">Where it goes.</param>
    public static Tensor Aligned(ReadOnlySpan<float> values, ReadOnlySpan<long> shape, Device device)
    {
        var copy = empty(shape.ToArray(), dtype: ScalarType.Float32);
        copy.CopyFrom(values);
        return copy.to(device);
    }

    /// <summary>Fills a contiguous tensor in the processor's memory.</summary>
    /// <param name="tensor">Of element type <typeparamref name="T"/>.</param>
    /// <param name="from">As many values as it has.</param>
    public static void CopyFrom<T>(this Tensor tensor, ReadOnlySpan<T> from)
        where T : unmanaged
    {
        CheckType<T>(tensor);
        if (tensor.numel() != from.Length)
            throw new ArgumentException($"{from.Length} values for a tensor of {tensor.numel()}.", nameof(from));
        from.CopyTo(MemoryMarshal.Cast<byte, T>(tensor.bytes));
        GC.KeepAlive(tensor);
    }

#pragma warning restore RS0030

    private static unsafe void CheckType<T>(Tensor tensor)
        where T : unmanaged
    {
        if (tensor.ElementSize != sizeof(T))
            throw new ArgumentException($"A tensor of {tensor.dtype} does not hold values of {typeof(T).Name}.", nameof(tensor));
    }
}
