using System.Text.Json;
using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Augment;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

public class BenchTests
{
    private static readonly Dictionary<string, Func<Task<double>>> s_nobody = [];

    [Fact]
    public async Task Sides_take_turns_and_the_ratio_is_taken_round_by_round()
    {
        var order = new List<string>();
        var ours = new Queue<double>([10, 40, 30]);
        var peers = new Dictionary<string, Func<Task<double>>> { ["a"] = Next(5, 10, 10), ["b"] = Next(10, 10, 10) };

        var result = await Comparison.Measure("x", 3, () => Task.FromResult(ours.Dequeue()), peers, (_, side, _) => order.Add(side));

        Assert.Equal(["ours", "a", "b", "a", "b", "ours", "b", "ours", "a"], order);
        Assert.Equal([2.0, 4.0, 3.0], result.Ratios("a"));
        using var output = new StringWriter();
        result.Show(new Screen(output, output, isTerminal: false) { Json = true });
        var peer = JsonDocument.Parse(output.ToString()).RootElement.GetProperty("peers").GetProperty("a");
        Assert.Equal((10, 3, 2, 4), (Number("value", "median"), Number("ratio", "median"), Number("ratio", "min"), Number("ratio", "max")));

        double Number(string summary, string name) => peer.GetProperty(summary).GetProperty(name).GetDouble();

        static Func<Task<double>> Next(params double[] values)
        {
            var left = new Queue<double>(values);
            return () => Task.FromResult(left.Dequeue());
        }
    }

    [Fact]
    public void Images_count_only_while_all_processes_compute()
    {
        // Two images a second while both run, from 1 to 4; before and after that the one that runs alone is faster.
        var first = new CommonInterval.Steps(1, [0, 0.5, 1, 2, 3, 4]);
        var second = new CommonInterval.Steps(1, [1, 2, 3, 4, 4.5]);
        Assert.Equal(2, CommonInterval.ImagesPerSecond([first, second]), 1e-9);

        // A step of 4 s and 8 images of which half falls into the common time.
        Assert.Equal(2 + 4, CommonInterval.ImagesPerSecond([new(8, [0, 4]), new(4, [2, 3, 4])]), 1e-9);
        Assert.Equal(5, CommonInterval.ImagesPerSecond([new(10, [3, 5, 7])]), 1e-9);
        Assert.Throws<InvalidOperationException>(() => CommonInterval.ImagesPerSecond([new(1, [0, 1]), new(1, [1, 2])]));
    }

    [Theory]
    [InlineData("conv4", "float32", 1)]
    [InlineData("conv4", "bfloat16", 2)]
    [InlineData("vit-ti", "float32", 2)]
    [InlineData("resnet18", "float32", 1)]
    public async Task The_peer_in_torchsharp_trains_our_recipe(string backbone, string precision, int processes)
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.Path, 64, 1, 1);
        var (peer, why) = TorchSharpPeer.Find();
        Assert.True(peer is not null, why);

        var rate = await peer.Run(new TrainingWork(backbone, 8, 2, 2, 4, 1, 2, precision), folder.Path, processes, CancellationToken.None);

        Assert.InRange(rate, 0.1, 1e5);
        await Assert.ThrowsAsync<InvalidOperationException>(() => peer.Run(new TrainingWork(backbone, 8, 2, 2, 4, 1, 2), folder.In("nowhere"), processes, CancellationToken.None));
    }

    [Theory]
    [InlineData("float32")]
    [InlineData("bfloat16")]
    public async Task The_peer_in_torchsharp_learns(string precision)
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.Path, 640, 1, 1);
        var recipe = folder.Write("recipe.jsonc", RecipeReader.Write(OwnWork.RecipeOf(new TrainingWork("conv4", 32, 2, 2, 16, 1, 50, precision))));

        var (first, last) = (await LossAfter(1), await LossAfter(50));

        Assert.True(last < first - 0.2, $"the loss was {first} and is {last}");

        async Task<double> LossAfter(int steps)
        {
            var (_, output, error) = await Subprocess.RunAssembly(TorchSharpPeer.Find().Peer!.Program, [recipe, folder.Path, "1", "1", $"{steps}"], TimeSpan.FromMinutes(2), CancellationToken.None);
            Assert.Equal("", error);
            return JsonDocument.Parse(output).RootElement.GetProperty("loss").GetDouble();
        }
    }

    [Fact]
    public async Task A_peer_that_cannot_run_is_one_line()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.Path, 64, 1, 1);

        var missing = await Invocation.Of("bench", "train", "--peer", "pytorch", "--python", "/bin/false", "--data", folder.Path);
        Assert.Equal(ExitCodes.Missing, missing.Code);
        Assert.Contains("--peer pytorch cannot run: --python /bin/false is no Python with torch and torchvision", missing.ErrorLine);
        var indivisible = await Invocation.Of("bench", "train", "--peer", "ceiling", "--lanes", "1", "--data", folder.Path);
        Assert.Equal(ExitCodes.UserMistake, indivisible.Code);
        Assert.Contains("does not divide into micro-batches of 128 for 2 processes", indivisible.ErrorLine);
        Assert.Contains("--warm is 0", (await Invocation.Of("bench", "train", "--warm", "0")).ErrorLine);
    }

    [Theory]
    [InlineData("32")]
    [InlineData("224")]
    public async Task Augmentation_is_measured_on_one_core(string size)
    {
        using var folder = new TestFolder();
        AugmentBenchmark.WriteLargeImages(folder.Path, 4, 1);

        var alone = Assert.Single((await Invocation.Of("bench", "augment", "--size", size, "--seconds", "0.1", "--data", folder.Path, "--alone", "--json")).JsonLines);

        Assert.InRange(alone.GetProperty("value").GetDouble(), 1, 1e6);
        Assert.Contains("--seconds is 0", (await Invocation.Of("bench", "augment", "--seconds", "0")).ErrorLine);
        Assert.Contains("--every 30 and --back 40", (await Invocation.Of("bench", "goodput", "--back", "40")).ErrorLine);
    }

    [Fact]
    public async Task Probes_stop_in_the_middle_when_they_are_asked_to()
    {
        using var interruption = new Interruption(listen: false);
        var bench = Task.Run(() => Invocation.Of(interruption, "bench", "probes", "--train", "60000", "--width", "64", "--probe", "linear", "--threads", "1"));
        await Task.Delay(TimeSpan.FromSeconds(1.5));
        Assert.False(bench.IsCompleted, "it takes a minute");
        interruption.Interrupt(143);
        Assert.Same(bench, await Task.WhenAny(bench, Task.Delay(TimeSpan.FromSeconds(10))));
        Assert.Equal(143, (await bench).Code);
    }

    [Fact]
    public async Task Without_a_peer_ours_alone_is_shown_and_why()
    {
        var result = await Comparison.Measure("x", 2, () => Task.FromResult(7.0), s_nobody, (_, _, _) => { });
        using var output = new StringWriter();

        (result with { NotMeasured = new Dictionary<string, string> { ["pytorch"] = "no python3" } }).Show(new Screen(output, output, isTerminal: false));

        Assert.Matches("pytorch +not measured: no python3", output.ToString());
        Assert.DoesNotContain("×", output.ToString());
    }

    [Fact]
    public void An_interpreter_without_torch_is_no_peer() => Assert.Null(PyTorchPeer.FindPython("/bin/false"));

    [Theory]
    [InlineData("simclr-cifar10", "simclr-cifar10")]
    [InlineData("a b/ü", "a-b--")]
    [InlineData("..", "run")]
    public void Free_names_are_folder_names(string name, string expected)
    {
        using var folder = new TestFolder();

        Assert.Equal(expected, RunNames.Free(folder.Path, name));
        Directory.CreateDirectory(folder.In(expected));
        Assert.Equal($"{expected}-2", RunNames.Free(folder.Path, name));
    }
}
