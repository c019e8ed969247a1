using System.Diagnostics;

namespace SslOrleans.Tests.Chaos;

/// <summary>Silos as processes of their own: what they say, and how they begin and end.</summary>
public sealed class SiloProcessTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sslo-silo-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task A_silo_that_was_declared_dead_while_it_hung_joins_again_from_the_same_process()
    {
        using var first = Silo("--name", "first", "--roles", "parameters", "--probe", "0.5");
        await LineWith(first.StandardOutput, "silo first");
        using var hung = Silo("--name", "hung", "--roles", "worker", "--probe", "0.5");
        await LineWith(hung.StandardOutput, "silo hung");

        // Until the other one has declared it dead, which it tells as soon as it may go on.
        Task<string> told = LineWith(hung.StandardError, "silo hung was declared dead by the others while it did not answer them; it joins again");
        for (var tries = 0; tries < 10 && !told.IsCompleted; tries++)
        {
            await Send(hung, "STOP");
            await Task.Delay(TimeSpan.FromSeconds(3));
            await Send(hung, "CONT");
            await Task.WhenAny(told, Task.Delay(TimeSpan.FromSeconds(10)));
        }

        Assert.True(told.IsCompleted, "it hung ten times and was never declared dead");
        await LineWith(hung.StandardError, "silo hung is back");
        await InPool("hung/0");
        Assert.Equal(143, await End(hung));
        Assert.Equal(143, await End(first));
        Assert.DoesNotContain("   at ", await hung.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silo_that_cannot_join_yet_says_what_it_waits_for_and_joins_when_it_can()
    {
        using var early = Silo("--name", "early", "--roles", "worker");
        Assert.Contains("waits for worker early/0 to be registered", await LineWith(early.StandardError, "silo early"), StringComparison.Ordinal);
        using var late = Silo("--name", "late", "--roles", "parameters");
        await LineWith(early.StandardOutput, "silo early");
        await InPool("early/0");
        Assert.Equal(143, await End(early));
        Assert.Equal(143, await End(late));
    }

    [Fact]
    public async Task A_client_says_that_it_waits_and_goes_on_when_the_cluster_does()
    {
        using var silo = Silo("--name", "only", "--roles", "parameters");
        await LineWith(silo.StandardOutput, "silo only");
        await Send(silo, "STOP");
        using var client = SsloProcess.Start("status", "nobody", "--runs", _folder.FullName);
        Assert.Contains("waiting for", await LineWith(client.StandardError, "waiting"), StringComparison.Ordinal);
        await Send(silo, "CONT");
        await LineWith(client.StandardError, "Run nobody is not here");
        await client.WaitForExitAsync();
        Assert.Equal(2, client.ExitCode);
        Assert.Equal(143, await End(silo));
    }

    private Process Silo(params string[] arguments) => SsloProcess.Start(["silo", "--runs", _folder.FullName, "--dashboard", "off", .. arguments]);

    private async Task InPool(string worker)
    {
        while ((await SsloProcess.Run("workers", "--runs", _folder.FullName)).Json.All(j => j.GetProperty("name").GetString() != worker))
            await Task.Delay(100);
    }

    private static async Task<int> End(Process silo)
    {
        await Send(silo, "TERM");
        await silo.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return silo.ExitCode;
    }

    private static async Task<string> LineWith(StreamReader from, string text)
    {
        while (await from.ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"It ended before it said \"{text}\".");
    }

    private static Task Send(Process process, string signal) => Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExitAsync();
}
