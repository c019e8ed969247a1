using System.IO.MemoryMappedFiles;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Features <c>[N, D]</c> as row-major floats. Up to <see cref="LargestInMemory"/> they are in memory, beyond it in a mapped
/// temporary file, so that a matrix may be larger than the memory: everything that reads it does so in blocks of rows.
/// </summary>
public sealed unsafe class FeatureMatrix : IDisposable
{
    /// <summary>Bytes.</summary>
    public const long LargestInMemory = 1L << 30;

    private readonly float[]? _memory;
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly float* _mapped;

    /// <summary>Zeros, to be filled through <see cref="Rows"/>.</summary>
    /// <param name="count">N.</param>
    /// <param name="width">D.</param>
    /// <param name="largestInMemory">Bytes from which on a file is used.</param>
    public FeatureMatrix(int count, int width, long largestInMemory = LargestInMemory)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        (Count, Width) = (count, width);
        var bytes = (long)count * width * sizeof(float);
        if (bytes <= largestInMemory)
        {
            _memory = new float[(long)count * width];
            return;
        }

        var path = Path.Combine(Path.GetTempPath(), $"sslo-features-{Guid.NewGuid():N}");
        var stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        _file = MemoryMappedFile.CreateFromFile(stream, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor();
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _mapped = (float*)(start + _view.PointerOffset);
    }

    /// <param name="values">Row-major, <c>count · width</c> values; kept, not copied.</param>
    /// <param name="width">D.</param>
    public FeatureMatrix(float[] values, int width)
    {
        if (width <= 0 || values.Length % width != 0)
            throw new ArgumentException($"{values.Length} values are no rows of {width}.", nameof(values));
        (_memory, Count, Width) = (values, values.Length / width, width);
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>D.</summary>
    public int Width { get; }

    /// <summary>The rows <c>first … first+count−1</c>, to read or to fill.</summary>
    public Span<float> Rows(int first, int count)
    {
        if (first < 0 || count < 0 || first > Count - count)
            throw new ArgumentOutOfRangeException(nameof(first), $"Rows {first} to {first + count} of {Count}.");
        return _memory is not null
            ? _memory.AsSpan(first * Width, count * Width)
            : new Span<float>(_mapped + ((long)first * Width), checked(count * Width));
    }

    /// <summary>A copy of rows as a tensor <c>[count, D]</c>.</summary>
    public Tensor Tensor(int first, int count)
    {
        var block = empty([count, Width]);
        block.CopyFrom<float>(Rows(first, count));
        return block;
    }

    /// <summary>A copy of chosen rows as a tensor <c>[rows, D]</c>.</summary>
    public Tensor Tensor(ReadOnlySpan<int> rows)
    {
        var chosen = new float[rows.Length * Width];
        for (var i = 0; i < rows.Length; i++)
            Rows(rows[i], 1).CopyTo(chosen.AsSpan(i * Width));
        return TensorMemory.Aligned(chosen, [rows.Length, Width], CPU);
    }

    /// <summary>First rows and counts of blocks of at most <paramref name="rows"/> rows.</summary>
    public IEnumerable<(int First, int Count)> Blocks(int rows)
    {
        for (var first = 0; first < Count; first += rows)
            yield return (first, Math.Min(rows, Count - first));
    }

    /// <summary>The first row with a value that is not finite; −1 when there is none.</summary>
    public int FirstBroken()
    {
        for (var row = 0; row < Count; row++)
        {
            foreach (var value in Rows(row, 1))
            {
                if (!float.IsFinite(value))
                    return row;
            }
        }

        return -1;
    }

    public void Dispose()
    {
        if (_view is null)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file!.Dispose();
    }
}
