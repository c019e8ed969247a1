using System.Buffers.Binary;
using System.Text;

namespace SslOrleans.Build;

/// <summary>As much of a 64-bit little-endian ELF shared library as renaming what it imports takes (System V gABI, and the GNU symbol versions of the LSB).</summary>
/// <param name="bytes">The file; changed in place.</param>
public sealed class ElfFile(byte[] bytes)
{
    private const int SymbolSize = 24;
    private const int Weak = 2;
    private const uint StringTable = 3;
    private const uint DynamicSymbols = 11;
    private const uint VersionNeeds = 0x6ffffffe;

    /// <summary>The file as it is now.</summary>
    public byte[] Bytes => bytes;

    /// <summary>The names of the symbols that the file cannot do without and has from others.</summary>
    public IEnumerable<string> Imports()
    {
        var symbols = Section(DynamicSymbols);
        var strings = Linked(symbols);
        for (var at = symbols.Offset; at < symbols.Offset + symbols.Size; at += SymbolSize)
        {
            if (U16(at + 6) == 0 && bytes[at + 4] >> 4 != Weak && Text((int)(strings.Offset + U32(at))) is { Length: > 0 } name)
                yield return name;
        }
    }

    /// <summary>Lets an import refer to another symbol. Imports are in no hash table of the file, so only the name changes.</summary>
    /// <exception cref="InvalidDataException">There is no such import, or its name does not stand for itself alone.</exception>
    public void RenameUndefinedSymbol(string name, string other)
    {
        var symbols = Section(DynamicSymbols);
        var strings = Linked(symbols);
        var users = new List<int>();
        for (var at = symbols.Offset; at < symbols.Offset + symbols.Size; at += SymbolSize)
        {
            var nameAt = (int)(strings.Offset + U32(at));
            if (Text(nameAt) == name && U16(at + 6) == 0)
                users.Add(nameAt);
        }

        if (users is not [var found])
            throw new InvalidDataException($"{users.Count} imports are called {name}; one was expected.");
        for (var at = symbols.Offset; at < symbols.Offset + symbols.Size; at += SymbolSize)
        {
            if (strings.Offset + U32(at) is var its && its > found && its <= found + name.Length)
                throw new InvalidDataException($"{name} is the name of another symbol too.");
        }

        Replace(found, name, other);
    }

    /// <summary>Lets a version that is needed of a library be another one.</summary>
    /// <exception cref="InvalidDataException">That version is not needed, or more than once.</exception>
    public void RenameNeededVersion(string version, string other)
    {
        var needs = Section(VersionNeeds);
        var strings = Linked(needs);
        var users = new List<long>();
        for (var file = needs.Offset; ; file += U32(file + 12))
        {
            var auxiliary = file + U32(file + 8);
            for (var i = 0; i < U16(file + 2); i++, auxiliary += U32(auxiliary + 12))
            {
                if (Text((int)(strings.Offset + U32(auxiliary + 8))) == version)
                    users.Add(auxiliary);
            }

            if (U32(file + 12) == 0)
                break;
        }

        if (users is not [var found])
            throw new InvalidDataException($"version {version} is needed {users.Count} times; once was expected.");
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan((int)found), SystemVHash(other));
        Replace((int)(strings.Offset + U32(found + 8)), version, other);
    }

    private void Replace(int at, string text, string other)
    {
        // Linkers keep a name that another one ends with in its place.
        if (bytes[at - 1] != 0)
            throw new InvalidDataException($"{text} is the end of another name.");
        if (other.Length > text.Length)
            throw new InvalidDataException($"{other} is longer than {text}, whose place it takes.");
        bytes.AsSpan(at, text.Length).Clear();
        Encoding.ASCII.GetBytes(other, bytes.AsSpan(at));
    }

    private (long Offset, long Size, int Link) Section(uint type)
    {
        for (var i = 0; i < U16(60); i++)
        {
            if (At(i) is var section && section.Type == type)
                return (section.Offset, section.Size, section.Link);
        }

        throw new InvalidDataException($"the library has no section of type {type}.");
    }

    private (long Offset, long Size) Linked((long Offset, long Size, int Link) section)
        => At(section.Link) is { Type: StringTable } strings ? (strings.Offset, strings.Size) : throw new InvalidDataException("a section's names are in no string table.");

    private (uint Type, long Offset, long Size, int Link) At(int index)
    {
        var header = (long)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40)) + ((long)index * U16(58));
        return (U32(header + 4), (long)U64(header + 24), (long)U64(header + 32), (int)U32(header + 40));
    }

    private string Text(int at) => Encoding.ASCII.GetString(bytes.AsSpan(at, bytes.AsSpan(at).IndexOf((byte)0)));

    private ushort U16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan((int)at));

    private uint U32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((int)at));

    private ulong U64(long at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan((int)at));

    /// <summary>The hash by which the loader finds a version (System V gABI, "Hash Table").</summary>
    private static uint SystemVHash(string text)
    {
        var hash = 0u;
        foreach (var c in text)
        {
            hash = (hash << 4) + c;
            var high = hash & 0xf0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }

        return hash;
    }
}
