using System.Diagnostics;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Tests;

/// <summary>A shell completes commands, options, recipes, runs, methods and keys; and a mistake in any of them names the nearest.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    public async Task Words(string shell)
    {
        Assert.SkipWhen(shell == "zsh" && !File.Exists("/usr/bin/zsh") && !File.Exists("/bin/zsh"), "no zsh here");
        Directory.CreateDirectory(_folder.In("runs/mine"));
        Directory.CreateDirectory(_folder.In("runs/other"));
        var call = await Invocation.Of("completion", shell);
        Assert.Equal(0, call.Code);
        _folder.Write("completion", call.Output);

        Assert.Equal("train", await Complete(shell, "tr"));
        Assert.Equal("list show check diff schema --help --json", await Complete(shell, "recipe", ""));
        Assert.Equal("byol-cifar10-quick byol-cifar10", Ordered(await Complete(shell, "recipe", "check", "byol-ci"), descending: true));
        Assert.Equal("--dashboard --data --device", Ordered(await Complete(shell, "train", "simclr-cifar10", "--d")));
        Assert.Equal("mine", await Complete(shell, "hash", "mi"));
        Assert.Equal("optimizer.learningRate=", await Complete(shell, "train", "x", "--set", "optimizer.le"));
        Assert.Equal("views.0.crop.size=", await Complete(shell, "train", "x", "--set", "views.0.crop.si"));
        Assert.Equal(string.Join(" ", MethodCatalog.All.Select(m => m.Name).Where(n => n.StartsWith("si", StringComparison.Ordinal))), await Complete(shell, "loss", "si"));
        Assert.Equal("cifar10 cifar100", await Complete(shell, "data", "download", "cifar"));
    }

    [Theory]
    [InlineData("did you mean \"train\"?", "trian")]
    [InlineData("did you mean \"--data\"?", "train", "simclr-cifar10", "--dat", "x")]
    [InlineData("the nearest known one is \"simclr-cifar10-quick\"", "train", "simclr-cifar10-quik")]
    [InlineData("the nearest known one is \"optimizer\"", "recipe", "check", "simclr-cifar10", "--set", "optimzer.name=sgd")]
    [InlineData("use one of sgd, lars, adamw; the nearest is \"sgd\"", "recipe", "check", "simclr-cifar10", "--set", "optimizer.name=sdg")]
    [InlineData("the nearest known one is \"simclr\"", "recipe", "check", "simclr-cifar10", "--set", "method=simlcr")]
    [InlineData("the nearest known one is \"cifar10\"", "data", "download", "cifar01")]
    [InlineData("the nearest known one is \"batch\"", "study", "bach")]
    [InlineData("Must be one of: 'bash' 'zsh'", "completion", "fish")]
    [InlineData("Recipe x does not exist; `sslo recipe list` shows", "train", "x")]
    public async Task A_typing_mistake_names_the_nearest_where_one_is_near(string expected, params string[] args)
    {
        var call = await Invocation.Of(args);
        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_runs_too()
    {
        Directory.CreateDirectory(_folder.In("runs/first-run"));
        _folder.Write("runs/first-run/run.json", "{}");
        var call = await Invocation.Of("hash", "frist-run", "--runs", _folder.In("runs"));
        Assert.Equal(2, call.Code);
        Assert.Contains("the nearest known one is \"first-run\"", call.ErrorLine, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static string Ordered(string words, bool descending = false)
        => string.Join(' ', descending ? words.Split(' ').OrderDescending(StringComparer.Ordinal) : words.Split(' ').Order(StringComparer.Ordinal));

    private async Task<string> Complete(string shell, params string[] words)
    {
        // Without a terminal nobody presses Tab: the function gets what the shell would give it.
        var call = $"COMP_WORDS=(sslo {string.Join(' ', words.Select(w => $"'{w}'"))}); COMP_CWORD={words.Length}; _sslo; echo \"${{COMPREPLY[*]}}\"";
        string[] arguments = shell == "zsh" ? ["-f", "-c", $"autoload -U +X compinit; compinit -u; source ./completion; {call}"] : ["-c", $"source ./completion; {call}"];
        using var process = Process.Start(new ProcessStartInfo(shell, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = _folder.Path })!;
        var error = process.StandardError.ReadToEndAsync();
        var answer = (await process.StandardOutput.ReadToEndAsync()).Trim();
        await process.WaitForExitAsync();
        Assert.Equal("", await error);

        // zsh's compgen leaves it to the completion itself to compare with what was typed.
        return string.Join(' ', answer.Split(' ').Where(w => w.StartsWith(words[^1], StringComparison.Ordinal)));
    }
}
