using SslOrleans.Learning.Backbones;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>A number that is learnt: the constant c of noise-contrastive estimation (cookbook Fig. 1).</summary>
public sealed class LearntConstant : Module, IInitialWeights
{
    private readonly double _initial;
    private Parameter value;

    /// <param name="initial">What it starts from.</param>
    public LearntConstant(double initial)
        : base(nameof(LearntConstant))
    {
        _initial = initial;
        value = Parameter(zeros(1));
        RegisterComponents();
    }

    /// <summary>The number <c>[1]</c>.</summary>
    public Tensor Value => value;

    public InitialWeights? Rule(Module owner, string name, Tensor parameter) => new InitialWeights(InitialKind.Constant, _initial);
}
