using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>What the native side's <c>Kind</c> says, in the same order.</summary>
internal enum Kind : int
{
    None, Tensor, Int, Double, Bool, IntList, DoubleList, TensorList, OptionalTensorList, String, Device, Generator, Default, BoolList,
}

/// <summary>An argument or a result as it crosses to the native side.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct Value
{
    [FieldOffset(0)] internal Kind Kind;
    [FieldOffset(4)] internal int Count;
    [FieldOffset(8)] internal nint Pointer;
    [FieldOffset(8)] internal long Integer;
    [FieldOffset(8)] internal double Real;
}

/// <summary>
/// One argument of an operator call. It holds the managed object, so that no tensor is collected while the native side works on it.
/// </summary>
public readonly struct Arg
{
    internal readonly object? Reference;
    internal readonly long Bits;
    internal readonly Kind Kind;

    private Arg(Kind kind, object? reference = null, long bits = 0)
    {
        Kind = kind;
        Reference = reference;
        Bits = bits;
    }

    public static Arg None => default;

    /// <summary>The operator's own default.</summary>
    public static Arg Default => new(Kind.Default);

    /// <summary>A list in which an entry may be missing (advanced indexing).</summary>
    public static Arg Optional(Tensor?[] tensors) => new(Kind.OptionalTensorList, tensors);

    public static implicit operator Arg(Tensor? tensor) => tensor is null ? default : new(Kind.Tensor, tensor);
    public static implicit operator Arg(int value) => new(Kind.Int, null, value);
    public static implicit operator Arg(long value) => new(Kind.Int, null, value);
    public static implicit operator Arg(long? value) => value is { } set ? new(Kind.Int, null, set) : default;
    public static implicit operator Arg(double value) => new(Kind.Double, null, BitConverter.DoubleToInt64Bits(value));
    public static implicit operator Arg(double? value) => value is { } set ? set : default(Arg);
    public static implicit operator Arg(bool value) => new(Kind.Bool, null, value ? 1 : 0);
    public static implicit operator Arg(bool? value) => value is { } set ? set : default(Arg);
    public static implicit operator Arg(ScalarType value) => new(Kind.Int, null, (long)value);
    public static implicit operator Arg(ScalarType? value) => value is { } set ? new(Kind.Int, null, (long)set) : default;
    public static implicit operator Arg(string? value) => value is null ? default : new(Kind.String, value);
    public static implicit operator Arg(long[]? values) => values is null ? default : new(Kind.IntList, values);
    public static implicit operator Arg(double[]? values) => values is null ? default : new(Kind.DoubleList, values);
    public static implicit operator Arg(bool[] values) => new(Kind.BoolList, values);
    public static implicit operator Arg(Tensor[] tensors) => new(Kind.TensorList, tensors);
    public static implicit operator Arg(Device? device) => device is null ? default : new(Kind.Device, device);
    public static implicit operator Arg(Generator? generator) => generator is null ? default : new(Kind.Generator, generator);
    public static implicit operator Arg(Scalar? scalar) => scalar is null ? default : new(scalar.Kind, null, scalar.Bits);

    /// <summary>How many 8-byte words of scratch memory the argument needs.</summary>
    internal int Words => Kind switch
    {
        Kind.IntList => ((long[])Reference!).Length,
        Kind.DoubleList => ((double[])Reference!).Length,
        Kind.BoolList => (((bool[])Reference!).Length + 7) / 8,
        Kind.TensorList or Kind.OptionalTensorList => ((Tensor?[])Reference!).Length,
        Kind.String => ((((string)Reference!).Length * 3) + 7) / 8,
        _ => 0,
    };

    internal unsafe void Write(Value* value, ref long* scratch)
    {
        value->Kind = Kind;
        value->Count = 0;
        switch (Kind)
        {
            case Kind.Tensor:
                value->Pointer = ((Tensor)Reference!).Handle;
                break;
            case Kind.Generator:
                value->Pointer = ((Generator)Reference!).Handle;
                break;
            case Kind.Device:
                value->Count = (int)((Device)Reference!).type;
                value->Integer = ((Device)Reference!).index;
                break;
            case Kind.IntList:
                Copy<long>((long[])Reference!, value, ref scratch);
                break;
            case Kind.DoubleList:
                Copy<double>((double[])Reference!, value, ref scratch);
                break;
            case Kind.BoolList:
                Copy<bool>((bool[])Reference!, value, ref scratch);
                break;
            case Kind.TensorList or Kind.OptionalTensorList:
                var tensors = (Tensor?[])Reference!;
                value->Count = tensors.Length;
                value->Pointer = (nint)scratch;
                foreach (var tensor in tensors) *scratch++ = tensor is null ? 0 : tensor.Handle;
                break;
            case Kind.String:
                value->Pointer = (nint)scratch;
                value->Count = System.Text.Encoding.UTF8.GetBytes((string)Reference!, new Span<byte>(scratch, Words * 8));
                scratch += Words;
                break;
            default:
                value->Integer = Bits;
                break;
        }
    }

    private unsafe void Copy<T>(ReadOnlySpan<T> items, Value* value, ref long* scratch) where T : unmanaged
    {
        value->Pointer = (nint)scratch;
        value->Count = items.Length;
        items.CopyTo(new Span<T>(scratch, items.Length));
        scratch += Words;
    }
}
