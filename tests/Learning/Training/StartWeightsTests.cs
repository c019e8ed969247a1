using SslOrleans.Contracts;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>Weights of another training, or of torchvision's or timm's, are taken where name and shape fit, and the rest is named.</summary>
public sealed class StartWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Torchvisions_names_and_what_a_classifier_has_beside_them()
    {
        var recipe = SmallRun.Recipe("byol") with { Backbone = new() { Name = "resnet18" } };
        float[] drawn;
        ParameterLayout layout;
        using (var replica = new Replica(recipe, CPU))
            (drawn, layout) = (replica.InitialParameters(), replica.Layout);
        var backbone = layout.Entries.Where(e => e.Name.StartsWith("backbone.", StringComparison.Ordinal)).ToList();
        var tensors = backbone.Select((e, i) => e.Name == "backbone.conv1.weight"
            ? new SafetensorsTensor("conv1.weight", [64, 3, 7, 7], new float[64 * 3 * 49])
            : new SafetensorsTensor(e.Name["backbone.".Length..], e.Shape, Enumerable.Repeat(i + 0.5f, e.Length).ToArray())).ToList();
        tensors.Add(new SafetensorsTensor("fc.weight", [10, 512], new float[5120]));
        tensors.Add(new SafetensorsTensor("bn1.num_batches_tracked", [], new long[1]));

        using var from = new Replica(recipe with { Initial = Save(tensors) }, CPU);
        var flat = from.InitialParameters();

        foreach (var (entry, i) in backbone.Select((e, i) => (e, i)))
        {
            var values = flat[entry.Offset..(entry.Offset + entry.Length)];
            if (entry.Name == "backbone.conv1.weight")
                Assert.Equal(drawn[entry.Offset..(entry.Offset + entry.Length)], values);
            else
                Assert.All(values, v => Assert.Equal(i + 0.5f, v));
        }

        // The teacher's running statistics are the student's; heads are drawn as ever.
        var mean = layout.Entries.Single(e => e.Name == "backbone.bn1.running_mean");
        var teacher = layout.Entries.Single(e => e.Name == "teacher.backbone.bn1.running_mean");
        Assert.Equal(flat[mean.Offset], flat[teacher.Offset]);
        var head = layout.Entries.First(e => e.Name.StartsWith("projector.", StringComparison.Ordinal));
        Assert.Equal(drawn[head.Offset..(head.Offset + head.Length)], flat[head.Offset..(head.Offset + head.Length)]);
        Assert.Contains("1 of another shape not taken: backbone.conv1.weight ([64, 3, 7, 7] F32 there, [64, 3, 3, 3] here)", from.StartNote, StringComparison.Ordinal);
        Assert.Contains("2 of the file not used: bn1.num_batches_tracked, fc.weight", from.StartNote, StringComparison.Ordinal);
    }

    [Fact]
    public void In_bfloat16_the_parameters_that_the_slices_keep_are_the_files()
    {
        var recipe = SmallRun.Recipe("simclr");
        using var replica = new Replica(recipe, CPU);
        var entry = replica.Layout.Entries[0];
        var values = Enumerable.Range(0, entry.Length).Select(i => 1f + (i * 1e-6f)).ToArray();
        recipe = recipe with { Initial = Save([new SafetensorsTensor(entry.Name, entry.Shape, values)]), Workers = recipe.Workers with { Precision = "bfloat16" } };
        using var rounded = new Replica(recipe, CPU);
        Assert.Equal(values, rounded.InitialParameters()[entry.Offset..(entry.Offset + entry.Length)]);
        Assert.StartsWith("initial weights: 1 tensors taken", rounded.StartNote, StringComparison.Ordinal);
    }

    [Fact]
    public void What_fits_nowhere_or_is_not_finite_is_refused()
    {
        var recipe = SmallRun.Recipe("simclr");
        Refused(Save([new SafetensorsTensor("blocks.0.weight", [2], new float[2])]), "has no tensor of this backbone (it has blocks.0.weight; the backbone has ");
        Refused(_folder.File("none.safetensors"), "no such file is here");
        Refused(_folder.Write("text.safetensors", "no tensors in here, only text"u8.ToArray()), "initial: ");
        using (var replica = new Replica(recipe, CPU))
        {
            var entry = replica.Layout.Entries[0];
            Refused(Save([new SafetensorsTensor(entry.Name, entry.Shape, Enumerable.Repeat(float.NaN, entry.Length).ToArray())]), "give weights that are finite");
        }

        void Refused(string path, string expected)
        {
            var error = Assert.Throws<UserErrorException>(() => RecipeTrial.Run(recipe with { Initial = path }));
            Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Save(IEnumerable<SafetensorsTensor> tensors) => _folder.Write("w.safetensors", SafetensorsWriter.ToArray(tensors));
}
