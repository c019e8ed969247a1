using System.Buffers.Binary;
using System.Text;

namespace SslOrleans.Build.Tests;

/// <summary>A library with nothing but imports: the sections that <see cref="ElfFile"/> reads.</summary>
internal static class SmallElf
{
    /// <param name="strings">The string table; names are separated by '\0', the first is empty.</param>
    /// <param name="imports">Where in it the symbols' names are.</param>
    /// <param name="needs">Where in it the names of the needed versions are.</param>
    public static ElfFile Of(string strings, int[] imports, int[] needs)
    {
        var table = Encoding.ASCII.GetBytes(strings + "\0");
        var symbols = new byte[24 * (imports.Length + 1)];
        for (var i = 0; i < imports.Length; i++)
            BinaryPrimitives.WriteInt32LittleEndian(symbols.AsSpan(24 * (i + 1)), imports[i]);
        var versions = new byte[16 + (16 * needs.Length)];
        BinaryPrimitives.WriteInt16LittleEndian(versions.AsSpan(2), (short)needs.Length);
        BinaryPrimitives.WriteInt32LittleEndian(versions.AsSpan(8), 16);
        for (var i = 0; i < needs.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(versions.AsSpan(16 + (16 * i) + 8), needs[i]);
            BinaryPrimitives.WriteInt32LittleEndian(versions.AsSpan(16 + (16 * i) + 12), i + 1 < needs.Length ? 16 : 0);
        }

        var contents = new (uint Type, byte[] Bytes)[] { (0, []), (3, table), (11, symbols), (0x6ffffffe, versions) };
        var header = new byte[64];
        var body = new List<byte>(header);
        var sections = new List<byte>();
        foreach (var (type, bytes) in contents)
        {
            var section = new byte[64];
            BinaryPrimitives.WriteUInt32LittleEndian(section.AsSpan(4), type);
            BinaryPrimitives.WriteInt64LittleEndian(section.AsSpan(24), body.Count);
            BinaryPrimitives.WriteInt64LittleEndian(section.AsSpan(32), bytes.Length);
            BinaryPrimitives.WriteInt32LittleEndian(section.AsSpan(40), 1);
            sections.AddRange(section);
            body.AddRange(bytes);
        }

        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), body.Count);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(58), 64);
        BinaryPrimitives.WriteInt16LittleEndian(header.AsSpan(60), (short)contents.Length);
        return new ElfFile([.. header, .. body.Skip(64), .. sections]);
    }
}
