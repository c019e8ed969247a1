using System.Runtime.CompilerServices;
using TorchSharp;

namespace SslOrleans.Torch.Tests;

internal static class OneThread
{
    /// <summary>The tests are many and small: threads inside operators would only wait for each other.</summary>
    [ModuleInitializer]
    internal static void Set() => torch.set_num_threads(1);
}
