using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>What an action makes of a latent state, and which action was between two: MLPs on features <c>[N, F]</c>.</summary>
public sealed class TransitionModel : Module<Tensor, Tensor, Tensor>
{
    private readonly int _actions;
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Sequential next;
    private readonly Sequential? inverse;
#pragma warning restore IDE0044

    /// <param name="features">F.</param>
    /// <param name="projection">D, of what the inverse model sees.</param>
    /// <param name="actions">A, actions that there are.</param>
    /// <param name="inverse">Also a model of the action between two states.</param>
    public TransitionModel(int features, int projection, int actions, bool inverse)
        : base(nameof(TransitionModel))
    {
        _actions = actions;
        next = Sequential(Linear(features + actions, features), ReLU(), Linear(features, features));
        this.inverse = inverse ? Sequential(Linear(2 * projection, features), ReLU(), Linear(features, actions)) : null;
        RegisterComponents();
    }

    /// <summary>States <c>[N, F]</c> and actions <c>[N]</c> to the states behind them.</summary>
    public override Tensor forward(Tensor states, Tensor actions)
        => states + next.call(cat([states, functional.one_hot(actions, _actions).to(states.dtype)], 1));

    /// <summary>Projections of two states <c>[N, D]</c> to scores of the actions between them <c>[N, A]</c>.</summary>
    public Tensor Between(Tensor before, Tensor after) => inverse!.call(cat([before, after], 1));
}
