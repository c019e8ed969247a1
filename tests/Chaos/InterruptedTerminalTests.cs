using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SslOrleans.Tests.Chaos;

/// <summary>Ctrl-C of a terminal goes to every process of its foreground group, worker processes included.</summary>
public sealed partial class InterruptedTerminalTests(SmallRun small) : IClassFixture<SmallRun>
{
    private const int Interrupt = 2;

    [Fact]
    public async Task The_step_under_way_is_committed_by_the_workers_and_nobody_complains()
    {
        string[] arguments = ["train", small.Recipe("simclr"), "--data", small.Images, "--runs", small.Runs, "--run", "interrupted", "--workers", "2", "--steps", "100000",
            "--set", "evaluation.knn=true", "--dashboard", "off"];
        using var train = Process.Start(new ProcessStartInfo("setsid", ["dotnet", "exec", Path.Combine(AppContext.BaseDirectory, "sslo.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["CI"] = "true" },
        })!;
        var said = new List<string>();
        while (await train.StandardOutput.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line.Contains(", loss ", StringComparison.Ordinal))
                break;
        }

        // By the system call: procps' kill 4.0.2 takes "-INT -PID" for all processes there are.
        Assert.Equal(train.Id, ProcessGroup(train.Id));
        Assert.Equal(0, Kill(-train.Id, Interrupt));
        var rest = await train.StandardOutput.ReadToEndAsync();
        var error = await train.StandardError.ReadToEndAsync();
        await train.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(60));

        Assert.True(error.Length == 0, error);
        Assert.Equal(130, train.ExitCode);
        Assert.Contains("stopped at step ", rest, StringComparison.Ordinal);
        Assert.DoesNotContain("killed", string.Join('\n', said) + rest, StringComparison.Ordinal);
        foreach (var log in Directory.GetFiles(Path.Combine(small.Runs, ".workers")))
            Assert.DoesNotContain(await File.ReadAllLinesAsync(log), l => l.StartsWith("warn", StringComparison.Ordinal) || l.StartsWith("fail", StringComparison.Ordinal) || l.StartsWith("crit", StringComparison.Ordinal));
    }

    [LibraryImport("libc", EntryPoint = "getpgid", SetLastError = true)]
    private static partial int ProcessGroup(int process);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
