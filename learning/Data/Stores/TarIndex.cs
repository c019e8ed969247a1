using System.Text;
using SslOrleans.Contracts;

namespace SslOrleans.Learning.Data.Stores;

/// <summary>A regular file inside a tar: where its bytes lie.</summary>
internal readonly record struct TarMember(string Name, long Offset, int Length);

/// <summary>
/// Lists the regular files of a tar (ustar, pax and GNU long names) without reading their bytes.
/// Names are only keys, but one that would leave the folder when unpacked is refused, as a sign of a doctored archive.
/// </summary>
internal static class TarIndex
{
    private const int BlockSize = 512;
    private const int ExtensionLimit = 1 << 20;

    /// <param name="tar">The uncompressed archive; seekable.</param>
    /// <param name="shard">Its name, for messages.</param>
    /// <exception cref="UserErrorException">The archive is cut short, malformed or unsafe.</exception>
    public static List<TarMember> Read(Stream tar, string shard)
    {
        var members = new List<TarMember>();
        var block = new byte[BlockSize];
        string? longName = null;
        long? longSize = null;
        var length = tar.Length;
        if (length == 0)
            return members;
        var at = 0L;
        while (true)
        {
            tar.Position = at;
            if (length - at < BlockSize)
                throw Cut(shard, at);
            tar.ReadExactly(block);
            if (block.AsSpan().IndexOfAnyExcept((byte)0) < 0)
                return members;
            CheckSum(block, shard, at);
            var size = longSize ?? Number(block.AsSpan(124, 12), shard, at);
            var body = at + BlockSize;
            if (size < 0 || size > length - body)
                throw Cut(shard, at);
            var type = (char)block[156];
            switch (type)
            {
                case 'x' or 'L' or 'K' or 'g':
                    if (size > ExtensionLimit)
                        throw Broken(shard, at, $"a header extension of {size} bytes");
                    var extension = new byte[size];
                    tar.ReadExactly(extension);
                    if (type == 'x')
                        Pax(extension, ref longName, ref longSize, shard, at);
                    else if (type == 'L')
                        longName = Text(extension);
                    break;
                case '0' or '\0' or '7':
                    if (size > Array.MaxLength)
                        throw Broken(shard, at, $"a file of {size} bytes");
                    members.Add(new TarMember(Safe(longName ?? Name(block), shard), body, (int)size));
                    (longName, longSize) = (null, null);
                    break;
                default:
                    // Folders, links and devices hold no image.
                    (longName, longSize) = (null, null);
                    break;
            }

            at = body + ((size + BlockSize - 1) / BlockSize * BlockSize);
        }
    }

    private static void CheckSum(byte[] block, string shard, long at)
    {
        var sum = 0;
        for (var i = 0; i < BlockSize; i++)
            sum += i is >= 148 and < 156 ? ' ' : block[i];
        if (Number(block.AsSpan(148, 8), shard, at) != sum)
            throw Broken(shard, at, "a header whose checksum is wrong");
    }

    /// <summary>An octal field, or GNU's base-256 form when the first bit is set.</summary>
    private static long Number(ReadOnlySpan<byte> field, string shard, long at)
    {
        var value = 0L;
        if (field[0] == 0x80)
        {
            foreach (var b in field[^8..])
                value = (value << 8) | b;
            return value;
        }

        var digits = field.Trim(" \0"u8);
        foreach (var b in digits)
        {
            if (b is < (byte)'0' or > (byte)'7')
                throw Broken(shard, at, "a number that is not octal");
            value = (value << 3) | (uint)(b - '0');
        }

        return value;
    }

    /// <summary>Records of the form "length key=value\n".</summary>
    private static void Pax(ReadOnlySpan<byte> records, ref string? name, ref long? size, string shard, long at)
    {
        while (records.Length > 0)
        {
            var space = records.IndexOf((byte)' ');
            if (space <= 0 || !int.TryParse(records[..space], out var length) || length <= space + 1 || length > records.Length)
                throw Broken(shard, at, "a malformed pax header");
            var record = records[(space + 1)..length];
            var equals = record.IndexOf((byte)'=');
            if (equals > 0)
            {
                var value = record[(equals + 1)..].TrimEnd((byte)'\n');
                if (record[..equals].SequenceEqual("path"u8))
                    name = Text(value);
                else if (record[..equals].SequenceEqual("size"u8))
                    size = long.TryParse(value, out var parsed) ? parsed : throw Broken(shard, at, "a pax size that is not a number");
            }

            records = records[length..];
        }
    }

    private static string Name(byte[] block)
    {
        var name = Text(block.AsSpan(0, 100));
        var prefix = block.AsSpan(257, 6).SequenceEqual("ustar\0"u8) ? Text(block.AsSpan(345, 155)) : "";
        return prefix.Length > 0 ? $"{prefix}/{name}" : name;
    }

    private static string Text(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf((byte)0);
        return Encoding.UTF8.GetString(end < 0 ? bytes : bytes[..end]);
    }

    private static string Safe(string name, string shard)
    {
        var parts = name.Split('/', '\\');
        if (name.StartsWith('/') || name.StartsWith('\\') || Array.IndexOf(parts, "..") >= 0 || name.Any(char.IsControl))
        {
            var shown = new string([.. name.Take(80).Select(c => char.IsControl(c) ? '?' : c)]);
            throw new UserErrorException($"{shard}: the file name '{shown}' leads out of its folder or holds control characters; "
                + "pack the shard again with plain names.");
        }

        return name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
    }

    private static UserErrorException Cut(string shard, long at) =>
        new($"{shard}: cut short at byte {at} (no end mark); copy or download it again.");

    private static UserErrorException Broken(string shard, long at, string what) =>
        new($"{shard}: {what} at byte {at}: not a tar, or damaged; copy or download it again.");
}
