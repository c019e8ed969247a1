namespace SslOrleans.Learning.Data.Stores;

/// <summary>A file that is read by range, as a stream with a position.</summary>
internal sealed class RangeStream(IDataFiles files, DataFile file) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => file.Length;

    public override long Position { get; set; }

    public override int Read(byte[] buffer, int offset, int count)
    {
        var available = (int)Math.Clamp(Length - Position, 0, count);
        if (available == 0)
            return 0;
        files.Read(file, Position, buffer.AsMemory(offset, available));
        Position += available;
        return available;
    }

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => Position + offset,
        _ => Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
