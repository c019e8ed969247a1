using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Sounds;

/// <summary>The part of libsndfile that decodes a file in memory.</summary>
internal static unsafe partial class Sndfile
{
    /// <summary>Its file, and the package that has it.</summary>
    public const string Library = "libsndfile.so.1";

    private const int Reading = 0x10;
    private const long MostValues = 1L << 30;

    /// <summary>All values of a file, channels side by side.</summary>
    /// <exception cref="UnreadableSoundException">libsndfile says why.</exception>
    public static (int Rate, int Channels, float[] Values) Read(byte[] file)
    {
        var memory = GCHandle.Alloc(new Memory(file));
        try
        {
            var io = new VirtualIo { Length = &Length, Seek = &Seek, Read = &Read, Tell = &Tell };
            var info = default(Info);
            var sound = sf_open_virtual(&io, Reading, &info, GCHandle.ToIntPtr(memory));
            if (sound == 0)
                throw new UnreadableSoundException(Marshal.PtrToStringUTF8(sf_strerror(0)) ?? "libsndfile does not read it");
            try
            {
                if (info.Frames < 0 || info.Channels < 1 || info.Frames > MostValues / info.Channels)
                    throw new UnreadableSoundException("its header is damaged");
                var values = new float[info.Frames * info.Channels];
                long got;
                fixed (float* target = values)
                    got = sf_readf_float(sound, target, info.Frames);
                return got == info.Frames ? (info.Rate, info.Channels, values) : throw new UnreadableSoundException($"it is cut short: {got} of {info.Frames} samples");
            }
            finally
            {
                _ = sf_close(sound);
            }
        }
        catch (DllNotFoundException e)
        {
            throw new Contracts.UserErrorException($"FLAC needs {Library}, which is not there; apt-get install -y libsndfile1, or bring WAV files.", e);
        }
        finally
        {
            memory.Free();
        }
    }

    private static Memory Of(nint user) => (Memory)GCHandle.FromIntPtr(user).Target!;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Length(nint user) => Of(user).File.Length;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Seek(long offset, int whence, nint user)
    {
        var memory = Of(user);
        return memory.At = Math.Clamp(whence switch { 0 => offset, 1 => memory.At + offset, _ => memory.File.Length + offset }, 0, memory.File.Length);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Read(byte* target, long count, nint user)
    {
        var memory = Of(user);
        var got = (int)Math.Min(count, memory.File.Length - memory.At);
        memory.File.AsSpan((int)memory.At, got).CopyTo(new Span<byte>(target, got));
        memory.At += got;
        return got;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static long Tell(nint user) => Of(user).At;

    [LibraryImport(Library)]
    private static partial nint sf_open_virtual(VirtualIo* io, int mode, Info* info, nint user);

    [LibraryImport(Library)]
    private static partial long sf_readf_float(nint sound, float* target, long frames);

    [LibraryImport(Library)]
    private static partial int sf_close(nint sound);

    [LibraryImport(Library)]
    private static partial nint sf_strerror(nint sound);

    private sealed class Memory(byte[] file)
    {
        public byte[] File { get; } = file;

        public long At { get; set; }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Info
    {
        public long Frames;
        public int Rate;
        public int Channels;
        public int Format;
        public int Sections;
        public int Seekable;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct VirtualIo
    {
        public delegate* unmanaged[Cdecl]<nint, long> Length;
        public delegate* unmanaged[Cdecl]<long, int, nint, long> Seek;
        public delegate* unmanaged[Cdecl]<byte*, long, nint, long> Read;
        public delegate* unmanaged[Cdecl]<byte*, long, nint, long> Write;
        public delegate* unmanaged[Cdecl]<nint, long> Tell;
    }
}
