using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>The C ABI of <c>native/torch_dispatch.cpp</c>.</summary>
internal static unsafe partial class Native
{
    private const string Library = "sslorleans_torch";

#pragma warning disable CA2255 // The resolver has to stand before the first call, whoever makes it.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Initialize() => NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Resolve);

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != Library) return 0;
        var file = Path.Combine(AppContext.BaseDirectory, "libsslorleans_torch.so");
        if (!File.Exists(file)) file = Path.Combine(Path.GetDirectoryName(assembly.Location) ?? ".", "libsslorleans_torch.so");
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new DllNotFoundException(
                $"{file} could not be loaded; install libtorch with 'apt-get install -y libtorch-dev libopenblas0-pthread', or build again with LIBTORCH_HOME naming the libtorch to use. The loader says: {e.Message}");
        }
    }

    /// <summary>Throws what libtorch said last on this thread, first line first.</summary>
    internal static void Check(int code)
    {
        if (code != 0) Throw();
    }

    internal static void Throw() => throw new ExternalException(Marshal.PtrToStringUTF8((nint)slt_last_error()));

    [LibraryImport(Library)] internal static partial byte* slt_last_error();
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial int slt_operator(string name, string overload, nint* op);
    [LibraryImport(Library)] internal static partial int slt_call(nint op, Value* values, int count, Value* results, int capacity, int* produced);
    [LibraryImport(Library)] internal static partial int slt_call_tensor(nint op, Value* values, int count, nint* result);
    [LibraryImport(Library)] internal static partial void slt_free(void* memory);

    [LibraryImport(Library)] internal static partial void slt_release(nint tensor);
    [LibraryImport(Library)] internal static partial nint slt_alias(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long slt_dim(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long slt_numel(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial long slt_itemsize(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int slt_scalar_type(nint tensor);
    [LibraryImport(Library), SuppressGCTransition] internal static partial void slt_device(nint tensor, int* type, int* index);
    [LibraryImport(Library)] internal static partial int slt_sizes(nint tensor, long* sizes);
    [LibraryImport(Library)] internal static partial int slt_strides(nint tensor, long* strides);
    [LibraryImport(Library)] internal static partial int slt_storage_offset(nint tensor, long* offset);
    [LibraryImport(Library)] internal static partial int slt_is_contiguous(nint tensor, int* result);
    [LibraryImport(Library)] internal static partial int slt_data(nint tensor, void** data);

    [LibraryImport(Library)] internal static partial int slt_is_leaf(nint tensor, int* result);
    [LibraryImport(Library)] internal static partial int slt_requires_grad(nint tensor, int* result);
    [LibraryImport(Library)] internal static partial int slt_set_requires_grad(nint tensor, int value);
    [LibraryImport(Library)] internal static partial int slt_retain_grad(nint tensor);
    [LibraryImport(Library)] internal static partial int slt_grad(nint tensor, nint* grad);
    [LibraryImport(Library)] internal static partial int slt_set_grad(nint tensor, nint grad);
    [LibraryImport(Library)] internal static partial int slt_backward(nint* tensors, int count, nint* grads, int gradCount, int retainGraph, int createGraph, nint* inputs, int inputCount);
    [LibraryImport(Library)] internal static partial int slt_function(nint output, nint* inputs, int count, long token, delegate* unmanaged<long, nint, nint*, int, int> apply, delegate* unmanaged<long, void> release);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial void slt_set_last_error(string message);
    [LibraryImport(Library)] internal static partial int slt_autograd_grad(nint* outputs, int outputCount, nint* inputs, int inputCount, nint* grads, int gradCount, int retainGraph, int createGraph, int allowUnused, nint* results);
    [LibraryImport(Library), SuppressGCTransition] internal static partial int slt_grad_mode();
    [LibraryImport(Library), SuppressGCTransition] internal static partial void slt_set_grad_mode(int enabled);
    [LibraryImport(Library)] internal static partial int slt_inference_mode();
    [LibraryImport(Library)] internal static partial nint slt_inference_mode_enter(int enabled);
    [LibraryImport(Library)] internal static partial void slt_inference_mode_leave(nint guard);

    [LibraryImport(Library)] internal static partial int slt_num_threads();
    [LibraryImport(Library)] internal static partial int slt_set_num_threads(int count);
    [LibraryImport(Library)] internal static partial int slt_num_interop_threads();
    [LibraryImport(Library)] internal static partial int slt_set_num_interop_threads(int count);

    [LibraryImport(Library)] internal static partial int slt_manual_seed(long seed);
    [LibraryImport(Library)] internal static partial int slt_generator_new(int isDefault, ulong seed, nint* generator);
    [LibraryImport(Library)] internal static partial void slt_generator_release(nint generator);
    [LibraryImport(Library)] internal static partial int slt_generator_seed(nint generator, int set, ulong* seed);
    [LibraryImport(Library)] internal static partial int slt_generator_state(nint generator, nint state, nint* result);

    [LibraryImport(Library)] internal static partial int slt_cuda_device_count(int* count);
    [LibraryImport(Library)] internal static partial int slt_cuda_manual_seed(long seed);
    [LibraryImport(Library)] internal static partial int slt_cuda_synchronize(int index);
    [LibraryImport(Library)] internal static partial int slt_deterministic();
    [LibraryImport(Library)] internal static partial int slt_set_deterministic(int enabled, int warnOnly);
    [LibraryImport(Library)] internal static partial byte* slt_version();
    [LibraryImport(Library)] internal static partial byte* slt_config();
    [LibraryImport(Library)] internal static partial byte* slt_blas();
}
