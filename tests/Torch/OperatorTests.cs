#if LIGHT_TENSORS
using System.Reflection;
using TorchSharp.Interop;

namespace SslOrleans.Torch.Tests;

/// <summary>Only for light/torch: its table of operators against the libtorch at hand.</summary>
public class OperatorTests
{
    /// <summary>Operators that came with libtorch 2, for which there is a fallback.</summary>
    private static readonly string[] Newer = ["aten::scaled_dot_product_attention"];

    [Fact]
    public void EveryOperatorIsInThisLibtorch()
    {
        var all = typeof(Aten).GetFields(BindingFlags.Static | BindingFlags.NonPublic).Select(field => (Operator)field.GetValue(null)!).ToList();
        Assert.True(all.Count > 300);
        var missing = all.Where(op => !op.Exists).Select(op => op.Name).Except(Newer);
        Assert.Empty(missing);
    }
}
#endif
