using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>A source of random numbers on the CPU.</summary>
    public class Generator : IDisposable
    {
        private static Generator? defaultGenerator;

        private unsafe Generator(bool isDefault, ulong seed)
        {
            nint handle;
            Native.Check(Native.slt_generator_new(isDefault ? 1 : 0, seed, &handle));
            Handle = handle;
        }

        public Generator(ulong seed = 0, Device? device = null) : this(false, seed)
        {
            if (device is not null && device.type != DeviceType.CPU)
                throw new NotSupportedException($"a generator on {device} is not supported; use one on the CPU");
        }

        ~Generator() => Dispose(false);

        public IntPtr Handle { get; private set; }

        public Device device { get; } = CPU;

        public static Generator Default => defaultGenerator ??= new Generator(true, 0);

        public unsafe Tensor get_state()
        {
            nint state;
            Native.Check(Native.slt_generator_state(Handle, 0, &state));
            return new Tensor(state);
        }

        public unsafe void set_state(Tensor value)
        {
            Native.Check(Native.slt_generator_state(Handle, value.Handle, null));
            GC.KeepAlive(value);
        }

        public unsafe Generator manual_seed(long seed)
        {
            var bits = (ulong)seed;
            Native.Check(Native.slt_generator_seed(Handle, 1, &bits));
            return this;
        }

        public long seed()
        {
            var seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public unsafe long initial_seed()
        {
            ulong seed;
            Native.Check(Native.slt_generator_seed(Handle, 0, &seed));
            return (long)seed;
        }

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (Handle == 0) return;
            Native.slt_generator_release(Handle);
            Handle = 0;
        }
    }

    public static partial class random
    {
        /// <summary>Seeds the default generators of all devices.</summary>
        public static Generator manual_seed(long seed)
        {
            Native.Check(Native.slt_manual_seed(seed));
            return Generator.Default;
        }

        public static long seed()
        {
            var seed = DateTime.UtcNow.Ticks;
            manual_seed(seed);
            return seed;
        }

        public static long initial_seed() => Generator.Default.initial_seed();
        public static Tensor get_rng_state() => Generator.Default.get_state();
        public static void set_rng_state(Tensor new_state) => Generator.Default.set_state(new_state);
    }

    public static Generator manual_seed(long seed) => random.manual_seed(seed);
    public static long seed() => random.seed();
    public static long initial_seed() => random.initial_seed();
    public static Tensor get_rng_state() => random.get_rng_state();
    public static void set_rng_state(Tensor new_state) => random.set_rng_state(new_state);
}
