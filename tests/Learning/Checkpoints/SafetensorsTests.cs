using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Learning.Tests.Checkpoints;

public sealed class SafetensorsTests
{
    private static readonly float[] s_bits = [0f, -0f, 1.5f, float.NaN, float.PositiveInfinity, float.Epsilon];

    private static SafetensorsTensor[] Tensors()
        =>
        [
            new("backbone.conv1.weight", [2, 3], s_bits.AsMemory()),
            new("scalar", [], new[] { -2.5f }.AsMemory()),
            new("empty", [0, 7], ReadOnlyMemory<float>.Empty),
            new("queue.pushed", [2], new[] { long.MinValue, 65_537L }.AsMemory()),
            new("naïve \"name\" 名", [1], new[] { 3f }.AsMemory()),
        ];

    /// <summary>A file from a header as text and data.</summary>
    private static byte[] File(string header, params byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        data.CopyTo(file, 8 + json.Length);
        return file;
    }

    [Fact]
    public void WhatIsWrittenIsReadBitForBit()
    {
        var file = SafetensorsFile.Parse(SafetensorsWriter.ToArray(Tensors(), new Dictionary<string, string> { ["format"] = "pt", ["x"] = "ÿ" }));
        Assert.Equal(["queue.pushed", "backbone.conv1.weight", "scalar", "empty", "naïve \"name\" 名"], file.Entries.Select(e => e.Name).OrderBy(n => n != "queue.pushed").ThenBy(n => Array.FindIndex(Tensors(), t => t.Name == n)));
        Assert.Equal(s_bits.Select(BitConverter.SingleToInt32Bits), file.Floats("backbone.conv1.weight").Select(BitConverter.SingleToInt32Bits));
        Assert.Equal([2L, 3L], file.Entry("backbone.conv1.weight").Shape);
        Assert.Equal([-2.5f], file.Floats("scalar"));
        Assert.Empty(file.Entry("scalar").Shape);
        Assert.Empty(file.Floats("empty"));
        Assert.Equal([0L, 7L], file.Entry("empty").Shape);
        Assert.Equal([long.MinValue, 65_537L], file.Integers("queue.pushed"));
        Assert.Equal([3f], file.Floats("naïve \"name\" 名"));
        Assert.Equal(("pt", "ÿ"), (file.Metadata["format"], file.Metadata["x"]));
    }

    [Fact]
    public void EveryWayOfWritingGivesTheSameAlignedBytes()
    {
        var array = SafetensorsWriter.ToArray(Tensors());
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, Tensors());
        var buffer = new ArrayBufferWriter<byte>();
        SafetensorsWriter.Write(buffer, Tensors());
        Assert.Equal(array, stream.ToArray());
        Assert.Equal(array, buffer.WrittenSpan.ToArray());
        Assert.Equal(0, BinaryPrimitives.ReadInt64LittleEndian(array) % 8);
    }

    [Fact]
    public void LongTensorsAreStreamedInPieces()
    {
        var values = new float[(1 << 20) + 17];
        new Random(1).NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [new SafetensorsTensor("long", [values.Length], values.AsMemory())]);
        var read = SafetensorsFile.Parse(stream.ToArray()).Floats("long");
        Assert.True(read.Select(BitConverter.SingleToInt32Bits).SequenceEqual(values.Select(BitConverter.SingleToInt32Bits)));
    }

    [Fact]
    public void HalvesAndBfloat16AndDoublesAreRead()
    {
        var half = BitConverter.GetBytes((Half)(-1.5f));
        var data = new List<byte>(half) { 0x80, 0x3f, 0xc0, 0xff };
        data.AddRange(BitConverter.GetBytes(0.1));
        data.AddRange(BitConverter.GetBytes(-7));
        var file = SafetensorsFile.Parse(File(
            """{"h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[2,6]},"d":{"dtype":"F64","shape":[1],"data_offsets":[6,14]},"i":{"dtype":"I32","shape":[1],"data_offsets":[14,18]}}""",
            [.. data]));
        Assert.Equal([-1.5f], file.Floats("h"));
        Assert.Equal([1f, float.NaN], file.Floats("b"));
        Assert.Equal([0.1f], file.Floats("d"));
        Assert.Equal([-7L], file.Integers("i"));
        Assert.Contains("dtype I32", Assert.Throws<SafetensorsException>(() => file.Floats("i")).Message, StringComparison.Ordinal);
        Assert.Contains("dtype F16", Assert.Throws<SafetensorsException>(() => file.Integers("h")).Message, StringComparison.Ordinal);
        Assert.Contains("no tensor x", Assert.Throws<SafetensorsException>(() => file.Floats("x")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""", "not valid JSON")]
    [InlineData("""[1,2]""", "does not begin with {")]
    [InlineData("""{"a":1}""", "Tensor a is not described")]
    [InlineData("""{"a":{"shape":[1],"data_offsets":[0,4]}}""", "Tensor a has no dtype")]
    [InlineData("""{"a":{"dtype":"F99","shape":[1],"data_offsets":[0,4]}}""", "unknown dtype F99")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", "Tensor a has no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", "-1 in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", "1.5 in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", "1 in its shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1]}}""", "Tensor a has no data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "data_offsets [0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", "data_offsets [4, 0]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "in 4 bytes of data")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", "takes 8 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4]}}""", "impossible shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296,4294967296,4294967296,0],"data_offsets":[0,0]}}""", "impossible shape")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[1,4]}}""", "begins at byte 1")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}""", "take 3 bytes, the file has 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}}""", "Tensor b begins at byte 2")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "not valid JSON")]
    [InlineData("""{"__metadata__":{"x":1},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "__metadata__.x is not a string")]
    [InlineData("""{"__metadata__":3}""", "__metadata__ is not an object")]
    public void AMalformedHeaderIsExplained(string header, string expected)
        => Assert.Contains(expected, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Parse(File(header, 0, 0, 0, 0))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("0200000000")]
    [InlineData("0000000000000000")]
    [InlineData("ffffffffffffffff")]
    [InlineData("00e1f50600000000")]
    [InlineData("10000000000000007b7d")]
    public void ALengthThatCannotBeIsExplained(string hex)
        => Assert.Throws<SafetensorsException>(() => SafetensorsFile.Parse(Convert.FromHexString(hex)));

    [Fact]
    public void PaddingAndAnEmptyFileAreFine() => Assert.Empty(SafetensorsFile.Parse(File("{}      ")).Entries);

    [Fact]
    public void ATensorMustFitItsShape()
    {
        Assert.Throws<ArgumentException>(() => new SafetensorsTensor("a", [2], new[] { 1f }.AsMemory()));
        Assert.Throws<ArgumentException>(() => new SafetensorsTensor("__metadata__", [1], new[] { 1f }.AsMemory()));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.ToArray([new("a", [0], ReadOnlyMemory<float>.Empty), new("a", [0], ReadOnlyMemory<float>.Empty)]));
    }

    [Fact]
    public void AFileOnDiskIsNamedWhenItIsBroken()
    {
        var path = Path.GetTempFileName();
        try
        {
            System.IO.File.WriteAllText(path, "no safetensors at all");
            Assert.Contains(path, Assert.Throws<SafetensorsException>(() => SafetensorsFile.Load(path)).Message, StringComparison.Ordinal);
            System.IO.File.WriteAllBytes(path, SafetensorsWriter.ToArray(Tensors()));
            Assert.Equal(5, SafetensorsFile.Load(path).Entries.Count);
        }
        finally
        {
            System.IO.File.Delete(path);
        }
    }
}
