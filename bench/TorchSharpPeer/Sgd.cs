using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SslOrleans.TorchSharpPeer;

/// <summary>SGD with momentum and weight decay, as PyTorch's; of bfloat16 parameters it keeps float32 ones and steps those.</summary>
internal sealed class Sgd(IEnumerable<Parameter> parameters, double rate, double momentum, double decay) : IDisposable
{
    private readonly (Parameter Parameter, Tensor Master, Tensor Buffer)[] _all = [.. parameters.Select(p =>
        (p, p.dtype == ScalarType.Float32 ? p.detach() : p.detach().to(ScalarType.Float32), zeros(p.shape)))];

    /// <summary>One step along the gradients, which are then gone.</summary>
    public void Step()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        foreach (var (parameter, master, buffer) in _all)
        {
            buffer.mul_(momentum).add_(parameter.grad!.to(ScalarType.Float32)).add_(master, alpha: decay);
            master.add_(buffer, alpha: -rate);
            if (parameter.dtype != ScalarType.Float32)
                parameter.copy_(master);
            parameter.grad = null;
        }
    }

    public void Dispose()
    {
        foreach (var (_, master, buffer) in _all)
        {
            master.Dispose();
            buffer.Dispose();
        }
    }
}
