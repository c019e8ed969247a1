using System.Buffers.Binary;

namespace SslOrleans.Learning.Native;

/// <summary>What the program headers of a 64-bit little-endian ELF shared library say (System V gABI), read without loading it.</summary>
internal static class LibraryHeader
{
    private const uint Magic = 0x464c457f;
    private const uint Loaded = 1;
    private const uint Note = 4;
    private const uint GnuBuildId = 3;

    /// <summary>Bytes that the file has, and that it must have at least. The loader maps a file that has fewer, and dies of SIGBUS.</summary>
    /// <exception cref="InvalidDataException">It is no ELF library.</exception>
    public static (long Length, long Whole) Lengths(string path)
    {
        using var file = File.OpenRead(path);
        return (file.Length, ProgramHeaders(file).Where(h => h.Type == Loaded).Max(h => h.Offset + h.Size));
    }

    /// <summary>The identity that the linker gave the library, in hexadecimal; empty where it gave none.</summary>
    public static string BuildId(string path)
    {
        using var file = File.OpenRead(path);
        foreach (var (_, offset, size) in ProgramHeaders(file).Where(h => h.Type == Note))
        {
            var notes = Read(file, offset, (int)size);
            for (var at = 0; at + 12 <= notes.Length;)
            {
                var (name, length) = (Padded(U32(notes, at)), (int)U32(notes, at + 4));
                if (U32(notes, at + 8) == GnuBuildId && notes.AsSpan(at + 12).StartsWith("GNU\0"u8))
                    return Convert.ToHexStringLower(notes.AsSpan(at + 12 + name, length));
                at += 12 + name + Padded((uint)length);
            }
        }

        return "";

        static int Padded(uint length) => ((int)length + 3) & ~3;
    }

    private static List<(uint Type, long Offset, long Size)> ProgramHeaders(FileStream file)
    {
        var header = Read(file, 0, 64);
        if (header.Length < 64 || U32(header, 0) != Magic)
            throw new InvalidDataException($"{file.Name} is no ELF library.");
        var (size, count) = (U16(header, 54), U16(header, 56));
        var table = Read(file, U64(header, 32), size * count);
        if (table.Length < size * count)
            throw new InvalidDataException($"{file.Name} ends within its headers.");
        return [.. Enumerable.Range(0, count).Select(i => (U32(table, i * size), U64(table, (i * size) + 8), U64(table, (i * size) + 32)))];
    }

    private static byte[] Read(FileStream file, long offset, int count)
    {
        var bytes = new byte[count];
        file.Position = offset;
        return bytes[..file.ReadAtLeast(bytes, count, throwOnEndOfStream: false)];
    }

    private static ushort U16(byte[] bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private static uint U32(byte[] bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private static long U64(byte[] bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
}
