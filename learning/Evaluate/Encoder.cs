using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using SslOrleans.Learning.Training;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>
/// Networks in evaluation mode that give the features of several layers in one forward pass: the backbone, of a ViT both poolings, and the
/// output of every projector layer with its norm and activation (Guillotine regularisation; E12). It has weights of its own, so that a
/// probe never touches what is trained. Use it from one thread.
/// </summary>
public sealed class Encoder : IDisposable
{
    private readonly Networks _networks;
    private readonly TensorBinding _binding;
    private readonly Branch _branch;
    private readonly Device _device;
    private readonly List<(string Name, List<Module<Tensor, Tensor>> Modules)> _projector;

    private Encoder(Networks networks, int slices, bool teacher, Device device)
    {
        (_networks, _device) = (networks, device);
        _branch = teacher ? networks.Teacher! : networks.Student;
        networks.Student.to(device);
        networks.Teacher?.to(device);
        networks.Student.eval();
        networks.Teacher?.eval();
        _binding = new TensorBinding(networks, slices);
        _projector = ProjectorLayers(_branch.ProjectorOrNone);
        Layers = [.. _branch.Backbone is TableBackbone ? new[] { ProbeReport.Raw } : [], ProbeReport.Backbone, .. _branch.Backbone is Vit ? new[] { "backbone.cls", "backbone.mean" } : [], .. _projector.Select(p => p.Name)];
    }

    /// <summary>Names of the layers, from the input on.</summary>
    public IReadOnlyList<string> Layers { get; }

    /// <summary>How the flat vector of <see cref="Load"/> is laid out.</summary>
    public ParameterLayout Layout => _binding.Layout;

    /// <summary>The networks of a recipe's method; <see cref="Load"/> gives them weights.</summary>
    /// <exception cref="UserErrorException">The teacher is asked for and there is none.</exception>
    public static Encoder OfRecipe(Recipe recipe, bool teacher, Device device)
    {
        var networks = MethodCatalog.Create(recipe).Build();
        Initialization.Reset(networks.Student, recipe.Seed);
        return teacher && networks.Teacher is null
            ? throw new UserErrorException($"Method {recipe.Method} has no teacher; leave --teacher out.")
            : new Encoder(networks, recipe.Workers.Slices, teacher, device);
    }

    /// <summary>A backbone from a file with torchvision's or timm's names; what the file has beside them is left alone.</summary>
    /// <exception cref="UserErrorException">A tensor is missing or has another shape: it is another backbone's file.</exception>
    public static Encoder OfFile(SafetensorsFile file, string where, BackboneRecipe backbone, Device device)
    {
        const string prefix = "backbone.";
        var encoder = new Encoder(new Networks(new Branch(BackboneCatalog.Create(backbone))), 1, false, device);
        var flat = new float[encoder.Layout.Length];
        foreach (var entry in encoder.Layout.Entries)
        {
            var name = entry.Name[prefix.Length..];
            if (!file.Contains(name))
                throw new UserErrorException($"{where} has no tensor {name}, which a {backbone.Name} needs; name the recipe of its backbone with --recipe.");
            if (!file.Entry(name).Shape.SequenceEqual(entry.Shape))
                throw new UserErrorException($"{where}: {name} has shape [{string.Join(", ", file.Entry(name).Shape)}], a {backbone.Name} has [{string.Join(", ", entry.Shape)}]; name the recipe of its backbone with --recipe.");
            file.CopyFloats(name, flat.AsSpan(entry.Offset, entry.Length));
        }

        encoder.Load(flat, []);
        return encoder;
    }

    /// <summary>Puts a version in.</summary>
    /// <param name="parameters">The run's flat vector.</param>
    /// <param name="teacher">The teacher's flat vector; may be empty without one.</param>
    public void Load(ReadOnlySpan<float> parameters, ReadOnlySpan<float> teacher) => _binding.Write(parameters, teacher);

    /// <summary>Features <c>[n, D]</c> of normalised images <c>[n, 3, H, W]</c> at the layers asked for, in their order.</summary>
    public IReadOnlyList<FeatureMatrix> Encode(float[] pixels, int height, int width, IReadOnlyList<string> layers)
        => Encode(new ViewBuffer(pixels, height, width), layers);

    /// <summary>Features <c>[n, D]</c> of samples as the backbone takes them, at the layers asked for, in their order.</summary>
    public IReadOnlyList<FeatureMatrix> Encode(ViewBuffer samples, IReadOnlyList<string> layers)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var found = new Dictionary<string, Tensor>();
        var images = samples.ToTensor(_device);
        Tensor features;
        if (_branch.Backbone is TableBackbone table && layers.Contains(ProbeReport.Raw))
            found[ProbeReport.Raw] = table.Inputs(images);
        if (_branch.Backbone is Vit vit)
        {
            var tokens = vit.Tokens(images);
            features = vit.Pool(tokens);
            found["backbone.cls"] = tokens.select(1, 0);
            found["backbone.mean"] = tokens.narrow(1, 1, tokens.shape[1] - 1).mean([1]);
        }
        else
        {
            features = _branch.Backbone.call(images);
        }

        // A projector's activation may work in place: what is kept is a copy.
        found[ProbeReport.Backbone] = features.clone();
        if (layers.Any(l => l.StartsWith("projector", StringComparison.Ordinal)))
        {
            foreach (var (name, modules) in _projector)
            {
                foreach (var module in modules)
                    features = module.call(features);
                found[name] = features.clone();
            }
        }

        return [.. layers.Select(l => ToMatrix(found[l]))];
    }

    /// <summary>There is a tower of texts beside that of images.</summary>
    public bool ReadsTexts => _branch.TextOrNone is not null;

    /// <summary>Backbone features <c>[n, F]</c> to unit rows <c>[n, D]</c> in the space that both towers share.</summary>
    public FeatureMatrix Project(FeatureMatrix features)
    {
        FeatureMatrix? whole = null;
        foreach (var (first, count) in features.Blocks(FeaturePass.Block))
        {
            using var off = no_grad();
            using var scope = NewDisposeScope();
            var part = ToMatrix(functional.normalize(_branch.Project(features.Tensor(first, count).to(_device)), dim: 1));
            whole ??= new FeatureMatrix(features.Count, part.Width);
            part.Rows(0, count).CopyTo(whole.Rows(first, count));
        }

        return whole!;
    }

    /// <summary>Tokens <c>[n, L]</c> to unit rows <c>[n, D]</c> in that space.</summary>
    public FeatureMatrix Texts(ViewBuffer tokens)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        return ToMatrix(functional.normalize(_branch.Text.call(tokens.ToTensor(_device)), dim: 1));
    }

    /// <summary>Features of the places of normalised images <c>[n, 3, H, H]</c>: <c>[n, P, D]</c>, row-major, and P.</summary>
    public (float[] Values, int Places) Places(float[] pixels, int side)
    {
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var places = _branch.Backbone.Places(TensorMemory.Aligned(pixels, [pixels.Length / (3L * side * side), 3, side, side], _device));
        return (places.to(ScalarType.Float32).contiguous().Values<float>(), (int)places.shape[1]);
    }

    /// <summary>Width of the backbone's features.</summary>
    public int FeatureDimension => _branch.Backbone.FeatureDimension;

    /// <summary>What [cls] of a ViT looks at in its last block.</summary>
    /// <param name="pixels">Normalised images <c>[n, 3, H, H]</c>.</param>
    /// <param name="side">H.</param>
    /// <returns>Weights of the patches <c>[n, heads, P]</c>, and the number of heads; null for another backbone.</returns>
    public (float[] Weights, int Heads)? Attention(float[] pixels, int side)
    {
        if (_branch.Backbone is not Vit vit)
            return null;
        using var off = no_grad();
        using var scope = NewDisposeScope();
        var attention = vit.ClassAttention(TensorMemory.Aligned(pixels, [pixels.Length / (3L * side * side), 3, side, side], _device));
        var patches = attention.narrow(2, 1, attention.shape[2] - 1).to(ScalarType.Float32);
        return (patches.Values<float>(), (int)attention.shape[1]);
    }

    /// <summary>The backbone's tensors by name, <c>backbone.conv1.weight</c> …, copied; the teacher's where the encoder is a teacher's.</summary>
    internal Dictionary<string, float[]> Backbone()
    {
        var binding = new TensorBinding(new Networks(_branch), 1);
        var flat = binding.Read();
        return binding.Layout.Entries.Where(e => e.Group == "backbone").ToDictionary(e => e.Name, e => flat[e.Offset..(e.Offset + e.Length)]);
    }

    /// <summary>The whole of it, for what is more than a layer; in evaluation mode.</summary>
    internal Networks Networks => _networks;

    internal Device Device => _device;

    public void Dispose() => _networks.Dispose();

    private static FeatureMatrix ToMatrix(Tensor features)
        => new(features.to(ScalarType.Float32).Values<float>(), (int)features.shape[1]);

    /// <summary>A layer is a Linear with what follows up to the next one.</summary>
    private static List<(string, List<Module<Tensor, Tensor>>)> ProjectorLayers(Module<Tensor, Tensor>? projector)
    {
        if (projector is null)
            return [];
        if (projector is not Sequential sequential)
            return [("projector", [projector])];
        var layers = new List<(string, List<Module<Tensor, Tensor>>)>();
        foreach (var module in sequential.children().Cast<Module<Tensor, Tensor>>())
        {
            if (module is Linear || layers.Count == 0)
                layers.Add(($"projector.{layers.Count + 1}", []));
            layers[^1].Item2.Add(module);
        }

        return layers;
    }
}
