using System.Text.Json;
using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Tests;

/// <summary>What one call of the program, made in this process, left behind.</summary>
public sealed record Invocation(int Code, string Output, string Error)
{
    // Evaluations beside a training do not wait for the tests that run at the same time.
    static Invocation() => ComputeThread.MayYield = false;

    public static async Task<Invocation> Of(params string[] args)
    {
        using var interruption = new Interruption(listen: false);
        return await Of(interruption, args);
    }

    public static async Task<Invocation> Of(Interruption interruption, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await SsloProgram.RunAsync(args, new Screen(output, error, isTerminal: false), interruption);
        return new Invocation(code, output.ToString(), error.ToString());
    }

    /// <summary>The only line on standard error.</summary>
    public string ErrorLine => Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Standard output, an object a line.</summary>
    public IReadOnlyList<JsonElement> JsonLines => [.. Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];
}

/// <summary>A folder that goes away with the test.</summary>
public sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("sslo-client-").FullName;

    public string In(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(In(name), text);
        return In(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
