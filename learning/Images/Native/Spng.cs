using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Images.Native;

/// <summary>The part of libspng that decodes a PNG in memory.</summary>
internal static unsafe partial class Spng
{
    public const int FormatRgb8 = 4;

    /// <summary>Values in the machine's byte order.</summary>
    public const int FormatRgba16 = 2;

    private const string Library = "libspng.so.0";

    [LibraryImport(Library)]
    public static partial nint spng_ctx_new(int flags);

    [LibraryImport(Library)]
    public static partial void spng_ctx_free(nint context);

    [LibraryImport(Library)]
    public static partial int spng_set_png_buffer(nint context, byte* buffer, nuint size);

    [LibraryImport(Library)]
    public static partial int spng_set_image_limits(nint context, uint width, uint height);

    [LibraryImport(Library)]
    public static partial int spng_set_chunk_limits(nint context, nuint chunkSize, nuint cacheSize);

    [LibraryImport(Library)]
    public static partial int spng_get_ihdr(nint context, out Header header);

    [LibraryImport(Library)]
    public static partial int spng_decoded_image_size(nint context, int format, out nuint size);

    [LibraryImport(Library)]
    public static partial int spng_decode_image(nint context, byte* target, nuint size, int format, int flags);

    [LibraryImport(Library)]
    private static partial nint spng_strerror(int error);

    public static string Error(int code) => Marshal.PtrToStringUTF8(spng_strerror(code)) ?? "unknown error";

    [StructLayout(LayoutKind.Sequential)]
    public struct Header
    {
        public uint Width;
        public uint Height;
        public byte BitDepth;
        public byte ColorType;
        public byte CompressionMethod;
        public byte FilterMethod;
        public byte InterlaceMethod;
    }
}
