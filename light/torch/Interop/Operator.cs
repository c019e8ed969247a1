using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace TorchSharp.Interop;

/// <summary>
/// One ATen operator. It is looked up in libtorch's dispatcher at its first call and stays resolved.
/// Arguments left out at the end, and <see cref="Arg.Default"/>, take the operator's own defaults.
/// Not in TorchSharp: whoever uses it outside this library needs a fallback for the package.
/// </summary>
public sealed unsafe class Operator(string name, string overload = "")
{
    private const int ScratchWords = 48;
    private nint handle;

    /// <summary>The operator's full name, such as <c>aten::add.Tensor</c>.</summary>
    public string Name => overload.Length == 0 ? $"aten::{name}" : $"aten::{name}.{overload}";

    /// <summary>Whether this libtorch has the operator.</summary>
    public bool Exists => handle != 0 || Find() != 0;

    private nint Find()
    {
        nint found;
        Native.Check(Native.slt_operator("aten::" + name, overload, &found));
        return handle = found;
    }

    private nint Resolve() => Find() is not 0 and var found
        ? found
        : throw new NotSupportedException($"this libtorch ({__version__}) has no operator {Name}");

    /// <summary>Calls an operator that returns one tensor.</summary>
    [SkipLocalsInit]
    public Tensor Tensor(params ReadOnlySpan<Arg> arguments)
    {
        var values = stackalloc Value[arguments.Length];
        var words = Words(arguments);
        Span<long> scratch = words <= ScratchWords ? stackalloc long[ScratchWords] : new long[words];
        fixed (long* memory = scratch)
        {
            Write(arguments, values, memory);
            nint result;
            if (Native.slt_call_tensor(handle != 0 ? handle : Resolve(), values, arguments.Length, &result) != 0) Native.Throw();
            return new Tensor(result);
        }
    }

    /// <summary>Calls an operator for its effect and lets go of the tensor that it returns.</summary>
    public void Run(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[4];
        var count = Call(arguments, results);
        foreach (var result in results[..Math.Min(count, 4)])
            if (result.Kind == Kind.Tensor) Native.slt_release(result.Pointer);
    }

    /// <summary>Calls an operator that returns two tensors.</summary>
    public (Tensor, Tensor) Pair(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[2];
        Call(arguments, results);
        return (Wrap(results[0]), Wrap(results[1]));
    }

    public (Tensor, Tensor, Tensor) Triple(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[3];
        Call(arguments, results);
        return (Wrap(results[0]), Wrap(results[1]), Wrap(results[2]));
    }

    public (Tensor, Tensor, Tensor, Tensor) Quadruple(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[4];
        Call(arguments, results);
        return (Wrap(results[0]), Wrap(results[1]), Wrap(results[2]), Wrap(results[3]));
    }

    /// <summary>Calls an operator that returns a list of tensors.</summary>
    public Tensor[] List(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[1];
        Call(arguments, results);
        var handles = (nint*)results[0].Pointer;
        var tensors = new Tensor[results[0].Count];
        for (var i = 0; i < tensors.Length; i++) tensors[i] = new Tensor(handles[i]);
        Native.slt_free(handles);
        return tensors;
    }

    public bool Bool(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[1];
        Call(arguments, results);
        return results[0].Integer != 0;
    }

    public Scalar Scalar(params ReadOnlySpan<Arg> arguments)
    {
        Span<Value> results = stackalloc Value[1];
        Call(arguments, results);
        return new Scalar(results[0].Kind, results[0].Integer);
    }

    [SkipLocalsInit]
    private int Call(ReadOnlySpan<Arg> arguments, Span<Value> results)
    {
        results.Clear();
        var values = stackalloc Value[arguments.Length];
        var words = Words(arguments);
        Span<long> scratch = words <= ScratchWords ? stackalloc long[ScratchWords] : new long[words];
        fixed (long* memory = scratch)
        fixed (Value* first = results)
        {
            Write(arguments, values, memory);
            int produced;
            Native.Check(Native.slt_call(handle != 0 ? handle : Resolve(), values, arguments.Length, first, results.Length, &produced));
            return produced;
        }
    }

    private static Tensor Wrap(Value value) => new(value.Pointer);

    private static int Words(ReadOnlySpan<Arg> arguments)
    {
        var words = 0;
        foreach (ref readonly var argument in arguments) words += argument.Words;
        return words;
    }

    private static void Write(ReadOnlySpan<Arg> arguments, Value* values, long* scratch)
    {
        foreach (ref readonly var argument in arguments) argument.Write(values++, ref scratch);
    }
}
