using System.Text.Json;
using System.Text.Json.Nodes;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Tests;

/// <summary><c>sslo loss</c> gives PyTorch's values and gradients for every method, from files and by name.</summary>
public class LossCommandTests
{
    private const double Tolerance = 1e-5;

    private static readonly List<JsonNode?> s_cases = [.. new[] { "losses.json", "losses_modalities.json" }.SelectMany(f => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", f)))!.AsArray())];

    public static TheoryData<string> Methods => [.. MethodCatalog.All.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task ValueAndGradientsAreThoseOfTheGoldenFile(string method)
    {
        using var folder = new TestFolder();
        var cases = s_cases.Select(c => c!.AsObject()).Where(c => (string)c["method"]! == method).ToList();
        Assert.True(cases.Count >= 3);
        foreach (var golden in cases)
        {
            var what = $"{method}: {golden["case"]}";
            Save(folder.In("in.safetensors"), golden);
            string[] settings = [.. golden["recipe"]!["loss"]!.AsObject().SelectMany(l => new[] { "--set", $"loss.{l.Key}={l.Value!.ToJsonString()}" })];
            if (golden["recipe"]!["table"]?["columns"] is { } columns)
                settings = [.. settings, "--set", $"table.columns={columns.ToJsonString()}"];
            string[] time = ["--step", $"{golden["step"]!["step"] ?? 0}", "--epoch", $"{golden["step"]!["epoch"] ?? 0}"];
            var call = await Invocation.Of(["loss", method, folder.In("in.safetensors"), "--out", folder.In("out.safetensors"), "--json", .. settings, .. time]);
            Assert.True(call.Code == 0, $"{what}: {call.Error}");

            var expected = (double)golden["value"]!;
            Assert.True(Math.Abs(call.JsonLines[0].GetProperty("loss").GetDouble() - expected) <= Tolerance * Math.Max(Math.Abs(expected), 1e-2), what);
            var written = SafetensorsFile.Load(folder.In("out.safetensors"));
            Assert.Equal(golden["gradients"]!.AsObject().Select(g => g.Key).Order(), written.Entries.Select(e => e.Name).Order());
            foreach (var (name, gradient) in golden["gradients"]!.AsObject())
                Close(Numbers(gradient!), written.Floats(name), $"{what}, {name}");
        }
    }

    [Fact]
    public async Task SizesComeFromTheTensorsAndNotFromTheDefaults()
    {
        using var folder = new TestFolder();
        var floats = Enumerable.Range(0, 200).Select(i => MathF.Sin(i + 1)).ToArray();
        Save(folder.In("moco.safetensors"), ("q1", [2, 3]), ("key2", [2, 3]), ("queue2", [6, 3]));
        var moco = await Invocation.Of("loss", "mocov2", folder.In("moco.safetensors"));
        Assert.True(moco.Code == 0, moco.Error);
        Assert.Contains("gradient by q1 [2, 3]", moco.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("gradient by key2", moco.Output, StringComparison.Ordinal);
        Save(folder.In("dino.safetensors"), ("s1", [2, 5]), ("s2", [2, 5]), ("s3", [2, 5]), ("t1", [2, 5]), ("t2", [2, 5]), ("center", [1, 5]));
        Assert.Equal(0, (await Invocation.Of("loss", "dino", folder.In("dino.safetensors"))).Code);

        void Save(string file, params (string Name, long[] Shape)[] tensors) => File.WriteAllBytes(file, SafetensorsWriter.ToArray(
            [.. tensors.Select(t => new SafetensorsTensor(t.Name, t.Shape, floats.AsMemory(0, (int)t.Shape.Aggregate(1L, (a, b) => a * b))))], null));
    }

    [Theory]
    [InlineData("simclrr", "z1=2x3 z2=2x3", "", "nearest known one is \"simclr\"")]
    [InlineData("simclr", "z1=2x3", "", "it takes z1 [N, D], z2 [N, D]", "simclr takes")]
    [InlineData("simclr", "z1=2x3 zz=2x3", "", "tensor \"zz\" is none of simclr's")]
    [InlineData("simclr", "z1=2x3 z2=3x4", "", "does not take z1 [2, 3], z2 [3, 4]")]
    [InlineData("simclr", "z1=2x3 z2=2x3", "loss.temperature=0", "loss.temperature is 0")]
    [InlineData("simclr", "z1=2x3 z2=2x3", "loss.tau=1", "unknown key \"loss.tau\"")]
    [InlineData("mocov1", "q1=2x3 key2=2x3 queue2=4x5", "", "tensor \"queue2\" is [4, 5]")]
    [InlineData("mocov1", "q1=2x3 key2=2x3 queue2=3x3", "", "multiple of batch.effective (2)")]
    [InlineData("mocov1", "queue2=4x5", "", "there is no embedding")]
    public async Task AMistakeIsOneLineThatNamesIt(string method, string tensors, string setting, params string[] anyOf)
    {
        using var folder = new TestFolder();
        File.WriteAllBytes(folder.In("in.safetensors"), SafetensorsWriter.ToArray(
            [.. tensors.Split(' ').Select(t => t.Split('=', 'x')).Select(t => new SafetensorsTensor(
                t[0], [long.Parse(t[1]), long.Parse(t[2])], Enumerable.Range(1, int.Parse(t[1]) * int.Parse(t[2])).Select(i => (float)i).ToArray()))],
            null));
        var call = await Invocation.Of(["loss", method, folder.In("in.safetensors"), .. setting.Length > 0 ? new[] { "--set", setting } : []]);
        Assert.Equal(2, call.Code);
        Assert.True(anyOf.Any(text => call.ErrorLine.Contains(text, StringComparison.Ordinal)), call.Error);
    }

    [Fact]
    public async Task AFileThatIsNoneIsAMistakeToo()
    {
        using var folder = new TestFolder();
        Assert.Contains("does not exist", (await Invocation.Of("loss", "simclr", folder.In("none"))).ErrorLine, StringComparison.Ordinal);
        var text = await Invocation.Of("loss", "simclr", folder.Write("text", "not a tensor in sight"));
        Assert.Equal(2, text.Code);
        Assert.Contains("text: ", text.ErrorLine, StringComparison.Ordinal);
    }

    [Fact]
    public async Task MethodsNamesTensorsSettingsRecipesAndProofs()
    {
        var one = (await Invocation.Of("methods", "msf", "--json")).JsonLines[0];
        Assert.Equal("p1 [N, D] True, key2 [N, D] False", string.Join(", ", one.GetProperty("embeddings").EnumerateArray()
            .Select(e => $"{e.GetProperty("name")} {e.GetProperty("shape")} {e.GetProperty("gradient").GetBoolean()}")));
        Assert.Equal("queue [L, D]", string.Join(", ", one.GetProperty("state").EnumerateArray().Select(e => $"{e.GetProperty("name")} {e.GetProperty("shape")}")));
        Assert.Equal(5, one.GetProperty("loss").GetProperty("neighbours").GetInt32());
        Assert.Contains("msf-cifar10-quick", one.GetProperty("recipes").EnumerateArray().Select(r => r.GetString()));
        Assert.True(one.GetProperty("proofs").GetProperty("golden").GetInt32() >= 3);
        var all = await Invocation.Of("methods", "--json");
        Assert.Equal(MethodCatalog.All.Select(m => m.Name), all.JsonLines.Select(l => l.GetProperty("name").GetString()!));
        Assert.Contains("embedding   data [N]", (await Invocation.Of("methods", "nce")).Output, StringComparison.Ordinal);
    }

    private static void Save(string file, JsonObject golden)
    {
        var tensors = golden["embeddings"]!.AsObject().Concat(golden["state"]!.AsObject())
            .Select(t => new SafetensorsTensor(t.Key, Shape(t.Value!), Array.ConvertAll(Numbers(t.Value!), v => (float)v))).ToList();
        if (golden["step"]!["sampleIds"] is { } ids)
            tensors.Add(new SafetensorsTensor("sampleIds", [ids.AsArray().Count], ids.Deserialize<long[]>()!));
        File.WriteAllBytes(file, SafetensorsWriter.ToArray(tensors, null));
    }

    private static long[] Shape(JsonNode tensor) => tensor["shape"].Deserialize<long[]>()!;

    private static double[] Numbers(JsonNode tensor) => tensor["values"].Deserialize<double[]>()!;

    private static void Close(double[] expected, float[] actual, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        var largest = expected.Max(Math.Abs);
        var allowed = largest > 1e-10 ? Tolerance * largest : 3e-7;
        for (var i = 0; i < expected.Length; i++)
            Assert.True(Math.Abs(actual[i] - expected[i]) <= allowed, $"{what}[{i}]: {actual[i]:g9}, PyTorch {expected[i]:g9}");
    }
}
