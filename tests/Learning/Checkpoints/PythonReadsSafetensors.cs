using System.Diagnostics;
using System.Text.Json;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Learning.Tests.Checkpoints;

/// <summary>A reader that shares no line with ours: Python and PyTorch.</summary>
public sealed class PythonReadsSafetensors
{
    [Fact]
    public void TheSameNamesShapesAndValues()
    {
        var weights = Enumerable.Range(0, 24).Select(i => (float)Math.Sqrt(i) / 3).ToArray();
        var path = Path.GetTempFileName();
        try
        {
            using (var stream = File.Create(path))
            {
                SafetensorsWriter.Write(
                    stream,
                    [new("conv1.weight", [2, 3, 2, 2], weights.AsMemory()), new("bn1.num_batches_tracked", [], new[] { 1L << 40 }.AsMemory())],
                    new Dictionary<string, string> { ["format"] = "pt" });
            }

            using var read = JsonDocument.Parse(Run("read_safetensors.py", path));
            Assert.Equal("pt", read.RootElement.GetProperty("metadata").GetProperty("format").GetString());
            var tensors = read.RootElement.GetProperty("tensors");
            var conv = tensors.GetProperty("conv1.weight");
            Assert.Equal("torch.float32", conv.GetProperty("dtype").GetString());
            Assert.Equal([2, 3, 2, 2], conv.GetProperty("shape").EnumerateArray().Select(d => d.GetInt32()));
            Assert.Equal(weights, conv.GetProperty("values").EnumerateArray().Select(v => (float)v.GetDouble()));
            var tracked = tensors.GetProperty("bn1.num_batches_tracked");
            Assert.Equal("torch.int64", tracked.GetProperty("dtype").GetString());
            Assert.Equal(0, tracked.GetProperty("shape").GetArrayLength());
            Assert.Equal(1L << 40, tracked.GetProperty("values")[0].GetInt64());
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static string Run(string script, string argument)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "SslOrleans.sln")))
            folder = folder.Parent;
        var start = new ProcessStartInfo("/usr/bin/python3")
        {
            ArgumentList = { Path.Combine(folder!.FullName, "tests", "Learning", "Checkpoints", script), argument },
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var python = Process.Start(start)!;
        var error = python.StandardError.ReadToEndAsync();
        var output = python.StandardOutput.ReadToEnd();
        python.WaitForExit();
        Assert.True(python.ExitCode == 0, error.Result);
        return output;
    }
}
