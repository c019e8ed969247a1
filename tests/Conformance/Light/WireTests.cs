#if LIGHT_ACTORS
using Orleans;
using Orleans.Serialization;

namespace SslOrleans.Conformance.Light;

/// <summary>What bytes may create, and how messages of another version are read.</summary>
public sealed class WireTests
{
    [Theory]
    [InlineData(typeof(NoContract))]
    [InlineData(typeof(System.Diagnostics.Process))]
    [InlineData(typeof(FileInfo))]
    public void ATypeThatIsNoContractIsNeverCreated(Type type)
    {
        NoContract.Created = 0;
        foreach (var name in new[] { type.FullName!, type.Name, type.AssemblyQualifiedName! })
        {
            var error = Assert.ThrowsAny<SerializerException>(() => Read<object>(Forge(name)));
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
        }
        Assert.Equal(0, NoContract.Created);
    }

    [Fact]
    public void AContractIsCreatedByTheSameBytes() => Assert.IsType<Older>(Read<object>(Forge(typeof(Older).FullName!)));

    [Fact]
    public void AContractInAnothersPlaceIsRefused() => Assert.Throws<SerializerException>(() => Read<Stream>(Forge(typeof(Older).FullName!)));

    [Theory]
    [InlineData(10)]
    [InlineData(BufferWriter.AttachmentThreshold)]
    public void AnOlderPeerSkipsWhatItDoesNotKnow(int size)
    {
        var newer = new Newer
        {
            Name = "kept", Count = 7, Number = 1, Ratio = 2, Single = 3, Key = Guid.NewGuid(), Text = "new", Bytes = new byte[size],
            Nested = new Older { Name = "inner" }, Names = ["a", "b"], Last = "kept too",
        };
        var older = Read<Older>(Write(newer));
        Assert.Equal(("kept", 7, "kept too"), (older.Name, older.Count, older.Last));
    }

    [Fact]
    public void ANewerPeerKeepsItsDefaultsForWhatAnOlderOneDoesNotSend()
    {
        var newer = Read<Newer>(Write(new Older { Name = "old", Count = 3, Last = "end" }));
        Assert.Equal(("old", 3, "end", "default"), (newer.Name, newer.Count, newer.Last, newer.Text));
        Assert.Null(newer.Nested);
    }

    private static BufferReader Write<T>(T value)
    {
        var writer = new BufferWriter();
        Codecs.For<T>().Write(writer, value);
        return new BufferReader(writer.Body, [.. writer.Attachments.Select(attachment => attachment.ToArray())], null);
    }

    private static T Read<T>(BufferReader reader) => Codecs.For<T>().Read(reader);

    /// <summary>An object of a named type without members, as its bytes would travel.</summary>
    private static BufferReader Forge(string typeName)
    {
        var writer = new BufferWriter();
        var outer = writer.BeginBlock();
        writer.WriteString(typeName);
        writer.EndBlock(writer.BeginBlock());
        writer.EndBlock(outer);
        return new BufferReader(writer.Body, [], null);
    }

    public sealed class NoContract
    {
        public NoContract() => Created++;

        public static int Created { get; set; }
    }

    [GenerateSerializer]
    public sealed class Older
    {
        [Id(0)]
        public string Name { get; set; } = "";

        [Id(1)]
        public int Count { get; set; }

        [Id(20)]
        public string Last { get; set; } = "";
    }

    /// <summary><see cref="Older"/> with a member of every kind on the wire between those that both know.</summary>
    [GenerateSerializer]
    public sealed class Newer
    {
        [Id(0)]
        public string Name { get; set; } = "";

        [Id(1)]
        public int Count { get; set; }

        [Id(2)]
        public long Number { get; set; }

        [Id(3)]
        public double Ratio { get; set; }

        [Id(4)]
        public float Single { get; set; }

        [Id(5)]
        public Guid Key { get; set; }

        [Id(6)]
        public string Text { get; set; } = "default";

        [Id(7)]
        public byte[] Bytes { get; set; } = [];

        [Id(8)]
        public Older? Nested { get; set; }

        [Id(9)]
        public List<string> Names { get; set; } = [];

        [Id(20)]
        public string Last { get; set; } = "";
    }
}
#endif
