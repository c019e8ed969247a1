using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;
using Modules = TorchSharp.Modules;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// bfloat16 compute (K58): convolutions, linear layers and attention multiply in bfloat16; norms, residual sums behind them, losses
/// and all that leaves a network are float32, and so are the parameters that the slices keep and their optimiser (Micikevicius et al.,
/// "Mixed precision training", 2018; bfloat16 has float32's range, so no loss is scaled).
/// </summary>
internal static class BFloat16Compute
{
    /// <summary>Rounds the multiplying layers' parameters and puts the conversions around them. The networks' code knows nothing of it.</summary>
    /// <param name="branch">A backbone and heads; what each of these puts out is float32.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="UserErrorException">The device cannot multiply in bfloat16.</exception>
    public static void Apply(Module branch, Device device)
    {
        Demand(device);
        foreach (var module in branch.modules().ToList())
        {
            switch (module)
            {
                case Modules.Conv2d layer:
                    Narrow(layer.to(ScalarType.BFloat16));
                    if (layer.kernel_size[0] == 3 && layer.stride[0] == 2)
                        layer.register_forward_pre_hook((_, images) => AtLeastTwoPixels(images));
                    break;
                case Modules.Linear layer:
                    Narrow(layer.to(ScalarType.BFloat16));
                    break;
                case BatchNorm or Modules.LayerNorm:
                    ((Module<Tensor, Tensor>)module).register_forward_pre_hook((_, input) => input.to(ScalarType.Float32));
                    break;
            }
        }

        foreach (var part in branch.children())
        {
            switch (part)
            {
                case Module<Tensor, Tensor> network:
                    network.register_forward_hook((_, _, output) => output.to(ScalarType.Float32));
                    break;
                case Module<Tensor, Tensor, Tensor> network:
                    network.register_forward_hook((_, _, _, output) => output.to(ScalarType.Float32));
                    break;
            }
        }
    }

    private static void Narrow(Module<Tensor, Tensor> layer)
        => layer.register_forward_pre_hook((_, input) => input.to(ScalarType.BFloat16));

    /// <summary>
    /// A zero to the right and below, which a 3 × 3 kernel with padding sees anyway. oneDNN 2.6 reads memory that nobody has written when
    /// it takes the weights' gradient in bfloat16 over an image of one pixel with a stride of 2.
    /// </summary>
    private static Tensor AtLeastTwoPixels(Tensor images)
        => images.shape[2] == 1 && images.shape[3] == 1 ? functional.pad(images, [0, 1, 0, 1]) : images;

    private static void Demand(Device device)
    {
        using var scope = NewDisposeScope();
        try
        {
            var image = ones(1, 1, 4, 4, dtype: ScalarType.BFloat16, device: device);
            var kernel = ones(1, 1, 3, 3, dtype: ScalarType.BFloat16, device: device, requires_grad: true);
            functional.conv2d(image, kernel).sum().backward();
        }
        catch (Exception e)
        {
            throw new UserErrorException($"workers.precision is \"{WorkersRecipe.BFloat16}\", and {device} cannot compute in it ({e.Message.Split('\n')[0]}); use float32, or another device.", e) { Reason = RefusalReason.Worker };
        }
    }
}
