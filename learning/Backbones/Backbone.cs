using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>An encoder: images <c>[N, 3, H, W]</c> to features <c>[N, D]</c>. It is what training leaves behind.</summary>
public abstract class Backbone : Module<Tensor, Tensor>
{
    private Action<Tensor>? _watcher;

    protected Backbone(string name)
        : base(name)
    {
    }

    /// <summary>D, the width of the features.</summary>
    public abstract int FeatureDimension { get; }

    /// <summary>Features of the places of an image <c>[N, P, D]</c>, row by row: of a ViT its patches, of a convolutional net its last map.</summary>
    public virtual Tensor Places(Tensor images) => throw new NotSupportedException($"{GetType().Name} has no features of places.");

    /// <summary>
    /// A new micro-batch of these samples starts; backbones that draw per sample (stochastic depth) key their draws by it.
    /// Not called on a teacher, which drops nothing.
    /// </summary>
    public virtual void BeginMicroBatch(ulong seed, long epoch, IReadOnlyList<long> samples)
    {
    }

    /// <summary>
    /// Shows the features <c>[N, D]</c> of every batch to one watcher more, which must not change them; they carry no graph. Of a batch of which only the
    /// places were asked for it sees their mean.
    /// </summary>
    public virtual void Watch(Action<Tensor> watcher)
    {
        _watcher += watcher;
        register_forward_hook((_, _, features) =>
        {
            watcher(features.detach());
            return features;
        });
    }

    /// <summary>A map <c>[N, D, H, W]</c> as places <c>[N, H·W, D]</c>, shown to the watcher.</summary>
    protected Tensor AsPlaces(Tensor map)
    {
        Show(map.detach().mean([2, 3]));
        return map.flatten(2).transpose(1, 2);
    }

    /// <summary>Shows features <c>[N, D]</c> without graph to the watcher.</summary>
    protected void Show(Tensor features) => _watcher?.Invoke(features.detach());
}
