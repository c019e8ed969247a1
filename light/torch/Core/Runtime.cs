using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>The version of libtorch that the native side was built with, such as <c>1.13.0</c>.</summary>
    public static unsafe string __version__ => Marshal.PtrToStringUTF8((nint)Native.slt_version())!;

    /// <summary>
    /// What decides the bits of a result beside the inputs: libtorch's version and build, the processor's instruction set, and the BLAS.
    /// Not in TorchSharp.
    /// </summary>
    public static unsafe string BuildFingerprint()
    {
        var config = Marshal.PtrToStringUTF8((nint)Native.slt_config())!;
        var lines = config.Split('\n').Select(line => line.Trim(' ', '-')).Where(line =>
            line.Contains("CPU capability") || line.Contains("MKL") || line.Contains("CUDA Runtime") || line.Contains("CuDNN"));
        var kept = lines.Where(line => !line.StartsWith("Build settings", StringComparison.Ordinal));
        return string.Join("; ", [$"libtorch {__version__}", .. kept, Marshal.PtrToStringUTF8((nint)Native.slt_blas())!]);
    }

    /// <summary>The number of threads inside an operator. A thread that has already computed keeps the number it started with.</summary>
    public static int get_num_threads() => Native.slt_num_threads();

    /// <summary>
    /// Sets the number of threads inside an operator, OpenBLAS's own included. Call it on the thread that computes, or before any does.
    /// </summary>
    /// <exception cref="ExternalException"><paramref name="num"/> is not positive.</exception>
    public static void set_num_threads(int num) => Native.Check(Native.slt_set_num_threads(num));

    public static int get_num_interop_threads() => Native.slt_num_interop_threads();
    public static void set_num_interop_threads(int num) => Native.Check(Native.slt_set_num_interop_threads(num));

    public static IDisposable no_grad() => new AutoGradMode(false);
    public static IDisposable enable_grad(bool enabled = true) => new AutoGradMode(enabled);
    public static IDisposable set_grad_enabled(bool mode = true) => new AutoGradMode(mode);
    public static bool is_grad_enabled() => Native.slt_grad_mode() != 0;
    public static IDisposable inference_mode(bool mode = true) => new InferenceMode(mode);
    public static bool is_inference_mode_enabled() => Native.slt_inference_mode() != 0;

    private sealed class AutoGradMode : IDisposable
    {
        private readonly int before = Native.slt_grad_mode();

        internal AutoGradMode(bool enabled) => Native.slt_set_grad_mode(enabled ? 1 : 0);

        public void Dispose() => Native.slt_set_grad_mode(before);
    }

    private sealed class InferenceMode(bool mode) : IDisposable
    {
        private nint guard = Native.slt_inference_mode_enter(mode ? 1 : 0);

        public void Dispose()
        {
            if (guard != 0) Native.slt_inference_mode_leave(guard);
            guard = 0;
        }
    }

    /// <summary>
    /// Has libtorch refuse (or warn about) kernels whose bits may differ from call to call, cuDNN's among them, until the result is
    /// disposed of. TorchSharp declares it and throws <see cref="NotImplementedException"/>.
    /// </summary>
    public static IDisposable use_deterministic_algorithms(bool mode = true, bool warn_only = false) => new DeterministicMode(mode, warn_only);
    public static bool are_deterministic_algorithms_enabled() => Native.slt_deterministic() != 0;

    private sealed class DeterministicMode : IDisposable
    {
        private readonly int before = Native.slt_deterministic();

        internal DeterministicMode(bool mode, bool warn_only) => Native.Check(Native.slt_set_deterministic(mode ? 1 : 0, warn_only ? 1 : 0));

        public void Dispose() => Native.Check(Native.slt_set_deterministic(before, 0));
    }

    public static bool cuda_is_available() => cuda.is_available();

    public static partial class cuda
    {
        public static bool is_available() => device_count() > 0;

        public static unsafe int device_count()
        {
            int count;
            Native.Check(Native.slt_cuda_device_count(&count));
            return count;
        }

        /// <summary>Seeds the generators of all CUDA devices; without one it does nothing.</summary>
        public static void manual_seed(long seed)
        {
            if (is_available()) Native.Check(Native.slt_cuda_manual_seed(seed));
        }

        public static void manual_seed_all(long seed) => manual_seed(seed);

        /// <summary>Waits until a CUDA device has done all that it was given.</summary>
        public static void synchronize(Device? device = null) => Native.Check(Native.slt_cuda_synchronize(device?.index ?? -1));
    }
}
