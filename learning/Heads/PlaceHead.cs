using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Heads;

/// <summary>The same head at every place: <c>[N, P, F]</c> to <c>[N, P, D]</c>; what goes in where there is no head.</summary>
public sealed class PlaceHead : Module<Tensor, Tensor>
{
#pragma warning disable IDE0044 // RegisterComponents reads fields.
    private readonly Module<Tensor, Tensor>? each;
#pragma warning restore IDE0044

    public PlaceHead(Module<Tensor, Tensor>? each)
        : base(nameof(PlaceHead))
    {
        this.each = each;
        RegisterComponents();
    }

    public override Tensor forward(Tensor places)
        => each is null ? places : each.call(places.flatten(0, 1)).reshape(places.shape[0], places.shape[1], -1);
}
