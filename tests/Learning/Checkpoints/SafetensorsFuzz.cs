using FsCheck;
using FsCheck.Fluent;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Learning.Tests.Checkpoints;

/// <summary>Any bytes are read whole or refused with a <see cref="SafetensorsException"/>; bounded, so that it takes a second or two.</summary>
public sealed class SafetensorsFuzz
{
    private static readonly byte[] s_valid = SafetensorsWriter.ToArray(
        [new("a", [2, 2], new[] { 1f, 2f, 3f, 4f }.AsMemory()), new("b", [1], new[] { 5L }.AsMemory())],
        new Dictionary<string, string> { ["k"] = "v" });

    private static bool ReadsOrRefuses(byte[] bytes)
    {
        try
        {
            var file = SafetensorsFile.Parse(bytes);
            foreach (var entry in file.Entries)
            {
                if (entry.Type is "F32" or "F16" or "BF16" or "F64")
                    Assert.Equal(entry.Count, file.Floats(entry.Name).Length);
                else if (entry.Type is "I64" or "I32")
                    Assert.Equal(entry.Count, file.Integers(entry.Name).Length);
                else
                    Assert.Equal(entry.End - entry.Start, file.Bytes(entry.Name).Length);
            }
        }
        catch (SafetensorsException)
        {
        }

        return true;
    }

    [Fact]
    public void AnyBytes() => Check.One(Config.QuickThrowOnFailure.WithMaxTest(2000), Prop.ForAll<byte[]>(ReadsOrRefuses));

    /// <summary>Several bytes of a valid file changed.</summary>
    [Fact]
    public void DamagedFiles()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(3000), Prop.ForAll<Tuple<int, byte>[]>(changes =>
        {
            var bytes = s_valid.ToArray();
            foreach (var (at, value) in changes.Take(6))
                bytes[(at & int.MaxValue) % bytes.Length] = value;
            return ReadsOrRefuses(bytes);
        }));

    /// <summary>One character of the header changed to one that means something in JSON.</summary>
    [Fact]
    public void DamagedHeaders()
    {
        foreach (var value in "0129-.,:{}[]\"\\ eE"u8.ToArray())
        {
            for (var at = 0; at < s_valid.Length; at++)
            {
                var bytes = s_valid.ToArray();
                bytes[at] = value;
                ReadsOrRefuses(bytes);
            }
        }
    }

    [Fact]
    public void CutFiles()
    {
        for (var length = 0; length < s_valid.Length; length++)
            Assert.Throws<SafetensorsException>(() => SafetensorsFile.Parse(s_valid.AsMemory(0, length)));
    }

    [Fact]
    public void WhateverIsWrittenIsRead()
        => Check.One(Config.QuickThrowOnFailure.WithMaxTest(300), Prop.ForAll<Dictionary<NonNull<string>, float[]>>(tensors =>
        {
            var named = tensors.Where(t => t.Key.Get != "__metadata__" && IsText(t.Key.Get)).ToArray();
            var file = SafetensorsFile.Parse(SafetensorsWriter.ToArray(named.Select(t => new SafetensorsTensor(t.Key.Get, [t.Value.Length], t.Value.AsMemory()))));
            return file.Entries.Count == named.Length
                && named.All(t => file.Floats(t.Key.Get).Select(BitConverter.SingleToInt32Bits).SequenceEqual(t.Value.Select(BitConverter.SingleToInt32Bits)));
        }));

    /// <summary>JSON is Unicode: a half of a surrogate pair has no place in it.</summary>
    private static bool IsText(string name)
    {
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsHighSurrogate(name[i]) && i + 1 < name.Length && char.IsLowSurrogate(name[i + 1]))
                i++;
            else if (char.IsSurrogate(name[i]))
                return false;
        }

        return true;
    }
}
