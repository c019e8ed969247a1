using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Images.Native;

/// <summary>The part of libjpeg-turbo's TurboJPEG 2 interface that decodes and encodes whole images in memory.</summary>
internal static unsafe partial class TurboJpeg
{
    public const int PixelRgb = 0;
    public const int PixelCmyk = 11;
    public const int ColorCmyk = 3;
    public const int ColorYcck = 4;
    public const int Sampling444 = 0;
    public const int Sampling420 = 2;
    public const int FlagAccurateDct = 4096;
    public const int FlagLimitScans = 32768;
    public const int FlagNoRealloc = 1024;

    private const string Library = "libturbojpeg.so.0";

    [LibraryImport(Library)]
    public static partial nint tjInitDecompress();

    [LibraryImport(Library)]
    public static partial nint tjInitCompress();

    [LibraryImport(Library)]
    public static partial int tjDestroy(nint handle);

    [LibraryImport(Library)]
    public static partial int tjDecompressHeader3(
        nint handle, byte* jpeg, CULong size, out int width, out int height, out int sampling, out int colorspace);

    [LibraryImport(Library)]
    public static partial int tjDecompress2(
        nint handle, byte* jpeg, CULong size, byte* target, int width, int pitch, int height, int pixelFormat, int flags);

    [LibraryImport(Library)]
    public static partial int tjCompress2(
        nint handle, byte* source, int width, int pitch, int height, int pixelFormat, ref byte* jpeg, ref CULong size,
        int sampling, int quality, int flags);

    [LibraryImport(Library)]
    public static partial CULong tjBufSize(int width, int height, int sampling);

    [LibraryImport(Library)]
    private static partial nint tjGetErrorStr2(nint handle);

    [LibraryImport(Library)]
    public static partial int tjGetErrorCode(nint handle);

    public static string Error(nint handle) => Marshal.PtrToStringUTF8(tjGetErrorStr2(handle)) ?? "unknown error";

    /// <summary>One decompressor or compressor, freed with its thread's statics.</summary>
    public sealed class Handle : SafeHandle
    {
        public Handle(nint handle)
            : base(0, true) => SetHandle(handle);

        public override bool IsInvalid => handle == 0;

        public nint Value => handle;

        protected override bool ReleaseHandle() => tjDestroy(handle) == 0;
    }
}
