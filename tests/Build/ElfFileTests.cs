using System.Text;

namespace SslOrleans.Build.Tests;

/// <summary>Renaming what a library imports, and what it refuses.</summary>
public class ElfFileTests
{
    // Offsets: 1 "first", 7 "second", 14 "V_1.10".
    private const string Names = "\0first\0second\0V_1.10";

    [Fact]
    public void An_import_takes_the_other_name_and_the_others_stay()
    {
        var file = SmallElf.Of(Names, [1, 7], [14]);

        file.RenameUndefinedSymbol("second", "two");

        Assert.Equal(["first", "two"], file.Imports());
        Assert.Contains("\0first\0two\0\0\0\0V_1.10\0", Encoding.Latin1.GetString(file.Bytes));
    }

    [Fact]
    public void A_needed_version_takes_the_other_name_and_its_hash()
    {
        var file = SmallElf.Of(Names, [1, 7], [14]);

        file.RenameNeededVersion("V_1.10", "V_1.9");

        // The hash of "V_1.9" by the gABI's function: V, _, 1, ., 9 are 56, 5f, 31, 2e, 39, each four bits further than the next.
        var versions = file.Bytes.AsSpan(64 + Names.Length + 1 + 72, 32);
        Assert.Equal(0x560000u + 0x5f000u + 0x3100u + 0x2e0u + 0x39u, BitConverter.ToUInt32(versions[16..20]));
        Assert.Contains("\0V_1.9\0", Encoding.Latin1.GetString(file.Bytes));
    }

    [Fact]
    public void A_rename_that_hits_nothing_is_refused()
    {
        var file = SmallElf.Of(Names, [1, 7], [14]);

        Assert.Equal("0 imports are called third; one was expected.", Assert.Throws<InvalidDataException>(() => file.RenameUndefinedSymbol("third", "3")).Message);
        Assert.Equal("version V_2 is needed 0 times; once was expected.", Assert.Throws<InvalidDataException>(() => file.RenameNeededVersion("V_2", "V_1")).Message);
    }

    [Fact]
    public void A_rename_that_hits_twice_is_refused()
    {
        var file = SmallElf.Of(Names, [1, 7, 1], [14, 14]);

        Assert.Equal("2 imports are called first; one was expected.", Assert.Throws<InvalidDataException>(() => file.RenameUndefinedSymbol("first", "1")).Message);
        Assert.Equal("version V_1.10 is needed 2 times; once was expected.", Assert.Throws<InvalidDataException>(() => file.RenameNeededVersion("V_1.10", "V_1")).Message);
    }

    [Fact]
    public void A_name_that_another_one_shares_is_refused()
    {
        // "ond" is the end of "second", and the symbol at 10 is called "ond".
        var file = SmallElf.Of(Names, [7, 10], []);

        Assert.Equal("second is the name of another symbol too.", Assert.Throws<InvalidDataException>(() => file.RenameUndefinedSymbol("second", "two")).Message);
        Assert.Equal("ond is the end of another name.", Assert.Throws<InvalidDataException>(() => file.RenameUndefinedSymbol("ond", "on")).Message);
    }

    [Fact]
    public void A_longer_name_finds_no_place()
    {
        var file = SmallElf.Of(Names, [1], [14]);

        Assert.Equal("seventh is longer than first, whose place it takes.", Assert.Throws<InvalidDataException>(() => file.RenameUndefinedSymbol("first", "seventh")).Message);
    }

    [Fact]
    public void Imports_that_may_be_missing_do_not_count()
    {
        var file = SmallElf.Of(Names, [1, 7], []);
        file.Bytes[64 + Names.Length + 1 + 24 + 4] = 2 << 4; // STB_WEAK

        Assert.Equal(["second"], file.Imports());
    }
}
