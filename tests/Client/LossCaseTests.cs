using System.Globalization;
using SslOrleans.Learning.Checkpoints;

namespace SslOrleans.Client.Tests;

/// <summary>Inputs on which a loss once gave a plausible wrong value, built what nobody asked for, or ended with the name of an exception.</summary>
public sealed class LossCaseTests : IDisposable
{
    private readonly TestFolder _folder = new();

    /// <summary>Broadcasting would give each of these a value.</summary>
    [Theory]
    [InlineData("nca", "z1=8x16 z2=7x16", "N is 7 here and 8 in \"z1\"")]
    [InlineData("nnclr", "p1=8x16 p2=8x16 z1=8x16 z2=7x16 queue=32x16", "tensor \"z2\" is [7, 16]")]
    [InlineData("mocov3", "q1=7x16 q2=8x16 key1=8x16 key2=8x16", "tensor \"q2\" is [8, 16]")]
    [InlineData("npair", "z1=7x16 z2=8x16", "tensor \"z2\" is [8, 16]")]
    [InlineData("byol", "p1=8x16 p2=8x16 key1=8x16 key2=1x16", "tensor \"key2\" is [1, 16]")]
    [InlineData("mocov2", "q1=8x16 key2=1x16 queue2=32x16", "tensor \"key2\" is [1, 16]")]
    [InlineData("mae", "prediction=8x5x48 target=1x5x48", "tensor \"target\" is [1, 5, 48]")]
    [InlineData("byol", "p1=8x1x16 p2=8x16 key1=8x16 key2=8x16", "it has 3 dimensions, not 2")]
    [InlineData("swav", "z1=8x1x16 z2=8x16 prototypes=12x16", "it has 3 dimensions, not 2")]
    [InlineData("msn", "key1=8x16 z2=8x1x16 prototypes=12x16", "it has 3 dimensions, not 2")]
    [InlineData("mae", "prediction=1920 target=1920", "it has 1 dimension, not 3")]
    [InlineData("ijepa", "prediction=1x5x10 target=8x5x10", "N is 8 here and 1 in \"prediction\"")]
    [InlineData("vicreg", "z1=128 z2=128", "it has 1 dimension, not 2")]
    [InlineData("cca", "z1=192 z2=192", "it has 1 dimension, not 2")]
    [InlineData("ijepa", "prediction=400 target=400", "it has 1 dimension, not 3")]
    [InlineData("simclr", "z1=8x0 z2=8x0", "D is 0")]
    [InlineData("msn", "key1=0x16 z2=0x16 prototypes=12x16", "N is 0")]
    [InlineData("simclr", "z1= z2=", "it has 0 dimensions, not 2")]
    [InlineData("nce", "data=8 noise=8", "it has 1 dimension, not 2")]
    [InlineData("nce", "data=8 noise=8x0", "m is 0")]
    [InlineData("npid", "z1=4x6 bank=3x6", "but \"bank\" has 3 samples")]
    public async Task Shapes_that_do_not_fit_are_refused_by_name(string method, string tensors, string expected)
    {
        var call = await Invocation.Of("loss", method, Save(tensors));

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("simclr", "z1=8x16 z200000=8x16", "\"z200000\" is of view 200000, but the file has 2 tensors")]
    [InlineData("swav", "z1=8x16 z2=8x16 z2000=8x16 prototypes=12x16", "\"z2000\" is of view 2000")]
    [InlineData("simclr", "z1=8x16 z99999999999=8x16", "\"z99999999999\" is of view 99999999999")]
    public async Task The_number_in_a_name_builds_nothing(string method, string tensors, string expected)
    {
        var file = Save(tensors);
        var before = GC.GetTotalAllocatedBytes();

        var call = await Invocation.Of("loss", method, file);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 50_000_000);
    }

    /// <summary>Values from PyTorch in float64, in the formulas' own words: topk over candidates, Sinkhorn as in SwAV's figure, pairwise distances.</summary>
    [Theory]
    [InlineData("msf", "msf-queue-64", 1.9583588705, "loss.neighbours=28")]
    [InlineData("msf", "msf-queue-64", 1.9590977665, "loss.neighbours=29")]
    [InlineData("swav", "swav-plain", 5.1241803980, "loss.epsilon=0.004")]
    [InlineData("unified", "unified-zero", 0.8317766167, "loss.epsilon=1")]
    [InlineData("unified", "unified-zero-row", 1.0180871449, "loss.epsilon=1")]
    [InlineData("supcon", "supcon-labels-i64", 2.9591782, "loss.temperature=0.2")]
    public async Task Values(string method, string file, double expected, string setting)
    {
        var call = await Invocation.Of("loss", method, Case(file), "--set", setting, "--json");

        Assert.True(call.Code == 0, call.Error);
        Assert.Equal(expected, call.JsonLines[0].GetProperty("loss").GetDouble(), 2e-6 * expected);
    }

    [Theory]
    [InlineData("simclr", "z1=8x16 z2=8x16", "z1", float.NaN)]
    [InlineData("simclr", "z1=8x16 z2=8x16", "z2", float.NegativeInfinity)]
    [InlineData("nnclr", "p1=8x16 p2=8x16 z1=8x16 z2=8x16 queue=32x16", "z1", float.NaN)]
    [InlineData("msf", "p1=8x16 key2=8x16 queue=32x16", "key2", float.NaN)]
    [InlineData("msf", "p1=8x16 key2=8x16 queue=32x16", "queue", float.PositiveInfinity)]
    public async Task What_is_not_finite_does_not_vanish_in_a_choice_of_neighbours(string method, string tensors, string where, float what)
    {
        var call = await Invocation.Of("loss", method, Save(tensors, (where, what)), "--out", _folder.In("out.safetensors"));

        Assert.Equal(2, call.Code);
        Assert.Contains($"tensor \"{where}\" has {what.ToString(CultureInfo.InvariantCulture)} at [0, 3]", call.ErrorLine, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.In("out.safetensors")));
    }

    [Theory]
    [InlineData("simclr-f64-1e300", "-Infinity at [0, 0] (as float32)")]
    [InlineData("simclr-1e20", "has a row with a norm above 9.2E+18")]
    public async Task What_overflows_float32_is_refused(string file, string expected)
    {
        var call = await Invocation.Of("loss", "simclr", Case(file));

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vicreg", "z1=1x16 z2=1x16", "", "the term \"covariance\" is NaN")]
    [InlineData("mae", "prediction=8x5x1 target=8x5x1", "", "the loss is NaN")]
    [InlineData("simclr", "z1=8x16 z2=8x16", "loss.temperature=1e-300", "the loss is NaN")]
    [InlineData("cca", "z1=4x8 z2=4x8", "loss.epsilon=0", "")]
    public async Task A_result_that_is_not_finite_is_printed_named_and_1(string method, string tensors, string setting, string expected)
    {
        var call = await Invocation.Of(["loss", method, Save(tensors), .. setting.Length > 0 ? new[] { "--set", setting } : []]);

        Assert.Equal(1, call.Code);
        Assert.Contains($"{method}: loss NaN", call.Output, StringComparison.Ordinal);
        Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("directpred", "directpred-predictor", "note: correlation, predictor given and not used by directpred at step 0")]
    [InlineData("directpred", "directpred-predictor", "note: correlation given and not used by directpred at step 1", "--step", "1")]
    [InlineData("swav", "swav-queue", "note: queue1, queue2 given and not used by swav at step 0, epoch 0", "--set", "loss.queue=8")]
    [InlineData("swav", "swav-queue", "", "--set", "loss.queue=8", "--epoch", "15")]
    public async Task A_tensor_that_is_not_used_is_told(string method, string file, string expected, params string[] more)
    {
        var call = await Invocation.Of(["loss", method, Case(file), .. more]);

        Assert.Equal(0, call.Code);
        Assert.StartsWith(expected, call.Error, StringComparison.Ordinal);
        Assert.Equal(expected.Length == 0, call.Error.Length == 0);
    }

    [Fact]
    public async Task Mistakes_in_the_call()
    {
        var input = _folder.In("in.safetensors");
        File.Copy(Case("simclr-ok"), input);
        var bytes = File.ReadAllBytes(input);
        File.CreateSymbolicLink(_folder.In("link.safetensors"), input);

        await Refused("is the input", "loss", "simclr", input, "--out", input);
        await Refused("is the input", "loss", "simclr", input, "--out", _folder.In("link.safetensors"));
        await Refused("does not exist; make it", "loss", "simclr", input, "--out", _folder.In("no/such/g.safetensors"));
        await Refused("both count from 0", "loss", "simclr", input, "--step", "-1");
        await Refused("-100 at [0, 0]; give whole numbers 0 … 11", "loss", "deepcluster", Case("deepcluster-assignment-minus-100"));
        Assert.Equal(bytes, File.ReadAllBytes(input));

        File.WriteAllBytes(input, bytes[..^10]);
        await Refused("z2", "loss", "simclr", input);

        static async Task Refused(string expected, params string[] args)
        {
            var call = await Invocation.Of(args);
            Assert.Equal(2, call.Code);
            Assert.Contains(expected, call.ErrorLine, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string Case(string name) => Path.Combine(AppContext.BaseDirectory, "LossCases", $"{name}.safetensors");

    /// <summary>Tensors of the given shapes with values that repeat in no row; one of them with something else at [0, 3].</summary>
    private string Save(string tensors, (string Name, float Value)? planted = null)
    {
        var at = 0;
        File.WriteAllBytes(_folder.In("in.safetensors"), SafetensorsWriter.ToArray(
            [.. tensors.Split(' ').Select(t => t.Split('=')).Select(t =>
            {
                long[] shape = [.. t[1].Split('x', StringSplitOptions.RemoveEmptyEntries).Select(d => long.Parse(d, CultureInfo.InvariantCulture))];
                var values = Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b)).Select(_ => MathF.Sin(++at)).ToArray();
                if (planted is { } p && p.Name == t[0])
                    values[3] = p.Value;
                return new SafetensorsTensor(t[0], shape, values);
            })],
            null));
        return _folder.In("in.safetensors");
    }
}
