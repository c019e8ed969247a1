using System.Diagnostics;

namespace SslOrleans.Tests.Chaos;

/// <summary>How a silo's process ends tells who supervises it whether to start it anew.</summary>
public class SiloProcessTests
{
    [Fact]
    public async Task A_silo_that_was_declared_dead_while_it_hung_ends_with_1()
    {
        var folder = Directory.CreateTempSubdirectory("sslo-silo-");
        using var first = SsloProcess.Start("silo", "--roles", "parameters", "--runs", folder.FullName, "--dashboard", "off");
        var cluster = (await LineWith(first, "--join ")).Split("--join ")[1].Trim();
        using var hung = SsloProcess.Start("silo", "--join", cluster, "--name", "hung");
        try
        {
            await LineWith(hung, "silo hung");

            // Long enough to be declared dead, and again should this machine have been too busy to notice.
            for (var tries = 0; tries < 10 && !hung.HasExited; tries++)
            {
                await Send(hung, "STOP");
                await Task.Delay(TimeSpan.FromSeconds(3));
                await Send(hung, "CONT");
                await Task.WhenAny(hung.WaitForExitAsync(), Task.Delay(TimeSpan.FromSeconds(10)));
            }

            Assert.True(hung.HasExited, "it hung ten times and was never declared dead");
            Assert.Equal(1, hung.ExitCode);
            Assert.Contains("declared dead", await hung.StandardOutput.ReadToEndAsync() + await hung.StandardError.ReadToEndAsync());
        }
        finally
        {
            hung.Kill();
            await Send(first, "TERM");
            await first.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
            folder.Delete(true);
        }
    }

    private static async Task<string> LineWith(Process process, string text)
    {
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
                return line;
        }

        throw new InvalidOperationException($"The silo ended before it said \"{text}\": {await process.StandardError.ReadToEndAsync()}");
    }

    private static Task Send(Process process, string signal) => Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExitAsync();
}
