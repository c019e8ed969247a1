namespace SslOrleans.Learning.Data.Stores;

/// <summary>Samples that another process serves.</summary>
internal sealed class RemoteStore : SampleStore
{
    private readonly SourceIndex _index;
    private readonly Func<int, byte[]> _read;

    public RemoteStore(SourceIndex index, Func<int, byte[]> read)
    {
        (_index, _read) = (index, read);
        Classes = index.Classes;
        Fingerprint = index.Fingerprint;
    }

    public override int Count => _index.Keys.Count;

    public override string Key(int index) => _index.Keys[index];

    public override int? Label(int index) => _index.Labels[index] is >= 0 and var label ? label : null;

    public override ReadOnlySpan<byte> Encoded(int index, ref byte[] scratch) => _read(index);
}
