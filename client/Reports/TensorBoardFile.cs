using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace SslOrleans.Client.Reports;

/// <summary>
/// Writes scalars as TensorBoard reads them: a file of records, each with its length, the masked CRC-32C of the length, the bytes
/// of an <c>Event</c> (protocol buffers) and their masked CRC-32C. (tensorflow/core/lib/io/record_writer.h, event.proto.)
/// </summary>
public sealed class TensorBoardFile : IDisposable
{
    private const int WallTime = 1;
    private const int Step = 2;
    private const int FileVersion = 3;
    private const int Summary = 5;
    private const int SummaryValue = 1;
    private const int Tag = 1;
    private const int SimpleValue = 2;

    private readonly FileStream _file;

    private TensorBoardFile(FileStream file) => _file = file;

    /// <summary>Begins a file in the folder; TensorBoard takes the folder's name as the run's.</summary>
    public static TensorBoardFile Create(string folder, DateTimeOffset begun)
    {
        Directory.CreateDirectory(folder);
        var file = new TensorBoardFile(File.Create(Path.Combine(folder, $"events.out.tfevents.{begun.ToUnixTimeSeconds()}.sslorleans")));
        var first = new Message();
        first.Double(WallTime, Seconds(begun));
        first.Text(FileVersion, "brain.Event:2");
        file.Record(first);
        return file;
    }

    /// <summary>All values of one step.</summary>
    public void Add(long step, DateTimeOffset time, IEnumerable<KeyValuePair<string, double>> values)
    {
        var summary = new Message();
        foreach (var (name, value) in values)
        {
            var scalar = new Message();
            scalar.Text(Tag, name);
            scalar.Single(SimpleValue, (float)value);
            summary.Embedded(SummaryValue, scalar);
        }

        var e = new Message();
        e.Double(WallTime, Seconds(time));
        e.Whole(Step, step);
        e.Embedded(Summary, summary);
        Record(e);
    }

    public void Dispose() => _file.Dispose();

    private static double Seconds(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / 1000.0;

    private void Record(Message message)
    {
        Span<byte> head = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)message.Bytes.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], Mask(head[..8]));
        var content = message.Bytes.ToArray();
        Span<byte> tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(tail, Mask(content));
        _file.Write(head);
        _file.Write(content);
        _file.Write(tail);
    }

    private static uint Mask(ReadOnlySpan<byte> bytes)
    {
        var crc = ~0u;
        foreach (var b in bytes)
            crc = BitOperations.Crc32C(crc, b);
        crc = ~crc;
        return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
    }

    /// <summary>A message in protocol buffers' wire format.</summary>
    private sealed class Message
    {
        public List<byte> Bytes { get; } = [];

        public void Whole(int field, long value)
        {
            Number((ulong)(field << 3));
            Number((ulong)value);
        }

        public void Double(int field, double value)
        {
            Number((ulong)((field << 3) | 1));
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
            Bytes.AddRange(bytes);
        }

        public void Single(int field, float value)
        {
            Number((ulong)((field << 3) | 5));
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
            Bytes.AddRange(bytes);
        }

        public void Text(int field, string value) => Block(field, Encoding.UTF8.GetBytes(value));

        public void Embedded(int field, Message value) => Block(field, [.. value.Bytes]);

        private void Block(int field, byte[] bytes)
        {
            Number((ulong)((field << 3) | 2));
            Number((ulong)bytes.Length);
            Bytes.AddRange(bytes);
        }

        private void Number(ulong value)
        {
            for (; value >= 0x80; value >>= 7)
                Bytes.Add((byte)(value | 0x80));
            Bytes.Add((byte)value);
        }
    }
}
