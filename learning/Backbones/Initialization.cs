using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>The distribution that a parameter starts from.</summary>
public readonly record struct InitialWeights(InitialKind Kind, double Scale = 0);

/// <summary>Kinds of <see cref="InitialWeights"/>.</summary>
public enum InitialKind
{
    /// <summary>Every value is the scale.</summary>
    Constant,

    /// <summary>What the constructor gave: fixed positions.</summary>
    Keep,

    /// <summary>Uniform in ± scale.</summary>
    Uniform,

    /// <summary>Normal with the scale as standard deviation.</summary>
    Normal,

    /// <summary>Normal with the scale as standard deviation, redrawn beyond two of them.</summary>
    TruncatedNormal,
}

/// <summary>A module that says how the parameters below it start, unless one nearer to the parameter says otherwise.</summary>
public interface IInitialWeights
{
    /// <summary>The rule for a parameter of <paramref name="owner"/>; null leaves it to PyTorch's default.</summary>
    InitialWeights? Rule(Module owner, string name, Tensor parameter);
}

/// <summary>
/// Initial weights as a function of the seed: torch's own generator never decides a bit.
/// Parameter n, in the order of <c>named_parameters</c>, is drawn from its own stream.
/// </summary>
public static class Initialization
{
    /// <summary>Overwrites every parameter of a module.</summary>
    public static void Reset(Module module, ulong seed)
    {
        using var off = no_grad();
        var number = 0;
        Visit(module, [], seed, ref number);
    }

    /// <summary>PyTorch's default of Linear and Conv2d: uniform in ±1/√fan-in, weight and bias alike.</summary>
    public static double DefaultBound(Module owner)
    {
        var weight = owner.named_parameters(false).First(p => p.name == "weight").parameter;
        return 1 / Math.Sqrt(FanIn(weight));
    }

    /// <summary>Inputs of one output.</summary>
    public static double FanIn(Tensor weight) => (double)weight.numel() / weight.shape[0];

    private static void Visit(Module module, IReadOnlyList<IInitialWeights> rules, ulong seed, ref int number)
    {
        if (module is IInitialWeights own)
            rules = [own, .. rules];
        foreach (var (name, parameter) in module.named_parameters(false))
        {
            var rule = rules.Select(r => r.Rule(module, name, parameter)).FirstOrDefault(r => r is not null);
            Fill(parameter, rule ?? Default(module, name, parameter), seed, number++);
        }

        foreach (var (_, child) in module.named_children())
            Visit(child, rules, seed, ref number);
    }

    private static InitialWeights Default(Module owner, string name, Tensor parameter) => owner switch
    {
        Modules.Linear or Modules.Conv2d => new(InitialKind.Uniform, DefaultBound(owner)),
        BatchNorm or Modules.LayerNorm => new(InitialKind.Constant, name == "weight" ? 1 : 0),
        _ => throw new InvalidOperationException(
            $"No initial weights for {owner.GetType().Name}.{name} [{string.Join(", ", parameter.shape)}]; let it implement {nameof(IInitialWeights)}."),
    };

    private static void Fill(Tensor parameter, InitialWeights rule, ulong seed, int number)
    {
        if (rule.Kind == InitialKind.Keep)
            return;
        var values = new float[parameter.numel()];
        var scale = (float)rule.Scale;
        var random = new RandomStream(seed, Purpose.Weights, 0, number, 0);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = rule.Kind switch
            {
                InitialKind.Constant => scale,
                InitialKind.Uniform => random.NextSingle(-scale, scale),
                InitialKind.Normal => scale * random.NextNormal(),
                _ => scale * NextTruncated(ref random),
            };
        }

        using var drawn = tensor(values).reshape(parameter.shape);
        parameter.copy_(drawn);
    }

    private static float NextTruncated(ref RandomStream random)
    {
        while (true)
        {
            var value = random.NextNormal();
            if (Math.Abs(value) <= 2)
                return value;
        }
    }
}
