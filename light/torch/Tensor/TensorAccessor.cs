using System.Collections;

namespace TorchSharp.Utils;

/// <summary>The elements of a CPU tensor in the order of its indices, whatever its strides.</summary>
public sealed unsafe class TensorAccessor<T> : IDisposable, IEnumerable<T> where T : unmanaged
{
    private readonly torch.Tensor tensor;
    private readonly long[] sizes;
    private readonly long[] strides;
    private readonly bool dense;
    private readonly T* first;

    internal TensorAccessor(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU)
            throw new InvalidOperationException("Reading data from non-CPU memory is not supported. Move or copy the tensor to the cpu before reading.");
        this.tensor = tensor;
        sizes = tensor.shape;
        strides = tensor.stride();
        dense = tensor.is_contiguous();
        Count = tensor.numel();
        first = (T*)tensor.DataPointer;
    }

    public long Count { get; }

    public bool IsReadOnly => false;

    public T[] ToArray()
    {
        var array = new T[Count];
        CopyTo(array);
        return array;
    }

    /// <summary>A .NET array with the tensor's dimensions.</summary>
    public Array ToNDArray()
    {
        if (sizes.Length <= 1) return ToArray();
        var array = Array.CreateInstance(typeof(T), sizes);
        var index = new long[sizes.Length];
        for (long i = 0; i < Count; i++)
        {
            array.SetValue(first[Offset(i)], index);
            for (var d = sizes.Length - 1; d >= 0 && ++index[d] == sizes[d]; d--) index[d] = 0;
        }
        GC.KeepAlive(tensor);
        return array;
    }

    public T this[params long[] indices]
    {
        get
        {
            var value = first[Offset(indices)];
            GC.KeepAlive(tensor);
            return value;
        }
        set
        {
            first[Offset(indices)] = value;
            GC.KeepAlive(tensor);
        }
    }

    public void CopyTo(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyTo(new Span<T>(array), arrayIndex, tensorIndex);

    public void CopyTo(Span<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var target = array[arrayIndex..];
        var count = (int)Math.Min(target.Length, Count - tensorIndex);
        if (dense) new ReadOnlySpan<T>(first + tensorIndex, count).CopyTo(target);
        else for (var i = 0; i < count; i++) target[i] = first[Offset(tensorIndex + i)];
        GC.KeepAlive(tensor);
    }

    public void CopyFrom(T[] array, int arrayIndex = 0, long tensorIndex = 0) => CopyFrom(new ReadOnlySpan<T>(array), arrayIndex, tensorIndex);

    public void CopyFrom(ReadOnlySpan<T> array, int arrayIndex = 0, long tensorIndex = 0)
    {
        var source = array[arrayIndex..];
        var count = (int)Math.Min(source.Length, Count - tensorIndex);
        if (dense) source[..count].CopyTo(new Span<T>(first + tensorIndex, count));
        else for (var i = 0; i < count; i++) first[Offset(tensorIndex + i)] = source[i];
        GC.KeepAlive(tensor);
    }

    public IEnumerator<T> GetEnumerator()
    {
        for (long i = 0; i < Count; i++) yield return At(i);
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Nothing to let go of: the tensor owns the memory.</summary>
    public void Dispose() { }

    internal static T ReadItemAt(torch.Tensor tensor, long index) => new TensorAccessor<T>(tensor).At(index);

    private T At(long position)
    {
        if (position < 0 || position >= Count) throw new IndexOutOfRangeException();
        var value = first[Offset(position)];
        GC.KeepAlive(tensor);
        return value;
    }

    private long Offset(long position)
    {
        if (dense) return position;
        long offset = 0;
        for (var d = sizes.Length - 1; d >= 0; d--)
        {
            offset += position % sizes[d] * strides[d];
            position /= sizes[d];
        }
        return offset;
    }

    private long Offset(long[] indices)
    {
        if (indices.Length == 1 && sizes.Length != 1) return indices[0] >= 0 && indices[0] < Count ? Offset(indices[0]) : throw new IndexOutOfRangeException();
        if (indices.Length != sizes.Length) throw new ArgumentException($"{indices.Length} indices for a tensor of {sizes.Length} dimensions");
        long offset = 0;
        for (var d = 0; d < indices.Length; d++)
        {
            if (indices[d] < 0 || indices[d] >= sizes[d]) throw new IndexOutOfRangeException($"index {indices[d]} in dimension {d} of size {sizes[d]}");
            offset += indices[d] * strides[d];
        }
        return offset;
    }
}
