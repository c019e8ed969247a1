using SslOrleans.Client.Bench;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Learning.Augment;

namespace SslOrleans.Client.Tests;

public class BenchTests
{
    [Fact]
    public async Task Sides_take_turns_and_the_ratio_is_taken_round_by_round()
    {
        var order = new List<string>();
        var ours = new Queue<double>([10, 40, 30]);
        var peer = new Queue<double>([5, 10, 10]);

        var result = await Comparison.Measure("x", 3, () => Task.FromResult(ours.Dequeue()), () => Task.FromResult(peer.Dequeue()), (_, side, _) => order.Add(side));

        Assert.Equal(["ours", "peer", "peer", "ours", "ours", "peer"], order);
        Assert.Equal([2.0, 4.0, 3.0], result.Ratios);
        using var output = new StringWriter();
        result.Show(new Screen(output, output, isTerminal: false) { Json = true }, "");
        Assert.Contains("\"ratio\":{\"median\":3,\"min\":2,\"max\":4", output.ToString());
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
        var result = await Comparison.Measure("x", 2, () => Task.FromResult(7.0), null, (_, _, _) => { });
        using var output = new StringWriter();

        result.Show(new Screen(output, output, isTerminal: false), "no python3 with torch");

        Assert.Contains("PyTorch not measured: no python3 with torch", output.ToString());
        Assert.DoesNotContain("ratio", output.ToString());
    }

    [Fact]
    public void A_named_peer_must_exist()
        => Assert.Throws<UserErrorException>(() => PyTorchPeer.Find("nowhere.py", null));

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
