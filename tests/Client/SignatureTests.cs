using System.Text;
using SslOrleans.Grains.Records;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

/// <summary>A ledger that is signed while it is written, and checked by somebody who has only the public key.</summary>
[Collection(nameof(BlasThreads))]
public sealed class SignatureTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Runs => _folder.In("runs");

    private string Key => _folder.In("key");

    private string Ledgers => Path.Combine(Runs, "run", Ledger.FileName);

    private string Signatures => Path.Combine(Runs, "run", LedgerSignature.FileName);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_signer_is_named_and_the_first_bad_line_when_a_byte_was_changed()
    {
        GeneratedImages.Write(_folder.In("images"), 48, 16, 1);
        var made = await Invocation.Of("key", Key);
        Assert.Equal(0, made.Code);
        var fingerprint = made.Output.Split(':', 3)[1];
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
        await Train();

        var good = await Audit();
        Assert.Equal(0, good.Code);
        Assert.Contains($"run: signed by SHA256:{fingerprint} up to step 23 (3 signatures)\n", good.Output, StringComparison.Ordinal);
        await NowhereIsTheSecret();

        // Any byte of any line, here of the third and of the last, which no later line's chain covers.
        foreach (var line in new[] { 3, 24 })
        {
            await Damaged(Ledgers, line, async () =>
            {
                var bad = await Audit();
                Assert.Equal(1, bad.Code);
                Assert.Contains($"{Ledger.FileName} line {line}: ", bad.Output, StringComparison.Ordinal);
            });
        }

        await Damaged(Signatures, 2, async () =>
        {
            var bad = await Audit();
            Assert.Equal(1, bad.Code);
            Assert.Contains($"{LedgerSignature.FileName} line 2 (", bad.Output, StringComparison.Ordinal);
            Assert.Contains("up to step 9 (1 signature)", bad.Output, StringComparison.Ordinal);
        });

        // Who writes the whole chain anew leaves no broken link, but has no key.
        var whole = await File.ReadAllBytesAsync(Ledgers);
        await Rewrite(e => e.Step == 12 ? e with { Loss = 0 } : e);
        var forged = await Audit();
        Assert.Equal(1, forged.Code);
        Assert.Contains("a line from 11 to 20 is not as it was signed", forged.Output, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(Ledgers, whole[..(whole.AsSpan()[..^1].LastIndexOf((byte)'\n') + 1)]);
        Assert.Contains("ends at line 23, but signatures.jsonl line 3 has signed line 24", (await Audit()).Output, StringComparison.Ordinal);
        await File.WriteAllBytesAsync(Ledgers, whole);

        // The same ledger beside another recipe is not what was signed.
        await Damaged(Path.Combine(Runs, "run", "recipe.jsonc"), 3, async () => Assert.Equal(1, (await Audit()).Code), '1', '2');
        await Invocation.Of("key", _folder.In("other"));
        var other = await Audit(_folder.In("other.pub"));
        Assert.Equal(1, other.Code);
        Assert.Contains("no line is signed by this key", other.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_key_or_in_the_wrong_place_is_one_line_and_2()
    {
        await Invocation.Of("key", Key);
        GeneratedImages.Write(_folder.In("images"), 48, 16, 1);
        Directory.CreateDirectory(Runs);
        File.Copy(Key, Path.Combine(Runs, "key"));
        _folder.Write("none.pem", "secret text");
        foreach (var (file, why) in new[]
        {
            (_folder.In("nowhere"), "cannot be read"), (_folder.In("none.pem"), "holds no key on the curve P-256"), (Key + ".pub", "holds a public key"),
            (Path.Combine(Runs, "key"), "keep the key elsewhere"),
        })
        {
            var refused = await Start(file);
            Assert.Equal(2, refused.Code);
            Assert.Contains(why, refused.ErrorLine, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", refused.Error, StringComparison.Ordinal);
        }

        Assert.Equal(2, (await Invocation.Of("key", Key)).Code);
    }

    /// <summary>Neither as text nor as the number itself, in no file that the run left.</summary>
    private async Task NowhereIsTheSecret()
    {
        using var key = LedgerKeys.ReadPrivate(Key);
        var secret = key.ExportParameters(true).D!;
        byte[][] forms = [secret, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(secret)), Encoding.ASCII.GetBytes((await File.ReadAllLinesAsync(Key))[1])];
        foreach (var file in Directory.GetFiles(Runs, "*", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            Assert.All(forms, f => Assert.True(bytes.AsSpan().IndexOf(f) < 0, file));
        }
    }

    private static async Task Damaged(string file, int line, Func<Task> look, char from = '\0', char to = '\0')
    {
        var whole = await File.ReadAllBytesAsync(file);
        var at = 0;
        for (var i = 1; i < line; i++)
            at += whole.AsSpan(at).IndexOf((byte)'\n') + 1;
        var bytes = whole.ToArray();
        if (from == '\0')
            bytes[at + 20 + Array.FindIndex(bytes[(at + 20)..], b => b is >= (byte)'0' and <= (byte)'8')]++;
        else
            bytes[at + Array.IndexOf(bytes[at..], (byte)from)] = (byte)to;
        await File.WriteAllBytesAsync(file, bytes);
        await look();
        await File.WriteAllBytesAsync(file, whole);
    }

    private async Task Rewrite(Func<LedgerEntry, LedgerEntry> change)
    {
        var storage = RunStorage.Open(Runs);
        var entries = await Ledger.Read(storage, "run");
        File.Delete(Ledgers);
        var ledger = await Ledger.Open(storage, "run");
        foreach (var entry in entries)
            await ledger.Append(change(entry));
    }

    private Task<Invocation> Audit(string? key = null) => Invocation.Of("audit", "run", "--runs", Runs, "--public-key", key ?? Key + ".pub");

    private async Task Train()
    {
        var trained = await Start(Key);
        Assert.True(trained.Code == 0, trained.Error);
    }

    private Task<Invocation> Start(string key)
    {
        var recipe = _folder.Write("small.jsonc", """
            { "method": "simclr", "seed": 1, "steps": 24, "batch": { "effective": 16, "micro": 8 }, "views": [ { "count": 2, "crop": { "size": 8 } } ],
              "projector": { "shape": "16-8" }, "evaluation": { "knn": false } }
            """);
        return Invocation.Of("train", recipe, "--data", _folder.In("images"), "--runs", Runs, "--run", "run", "--sign", key);
    }
}
