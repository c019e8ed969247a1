using SslOrleans.Contracts;
using static TorchSharp.torch;

namespace SslOrleans.Silo;

/// <summary>Devices by the names that <c>--device</c> takes: cpu, cuda, cuda:N.</summary>
public static class Devices
{
    /// <summary>Workers that a machine takes by itself: one a GPU, or one.</summary>
    public static int Count(string device) => device == "cuda" && cuda.is_available() ? cuda.device_count() : 1;

    /// <summary>What a training has on this machine for its workers: every GPU, the one that is named, or none.</summary>
    /// <param name="name">As <see cref="Parse"/> takes it; null and <c>cuda</c> mean every GPU there is.</param>
    /// <returns><c>cuda:0</c>, <c>cuda:1</c> …; empty where the CPU computes.</returns>
    /// <exception cref="UserErrorException">The name is unknown or the device is not there.</exception>
    public static IReadOnlyList<string> Gpus(string? name)
    {
        var device = Parse(name);
        if (device.type != TorchSharp.DeviceType.CUDA)
            return [];
        return name is null or "cuda" ? [.. Enumerable.Range(0, cuda.device_count()).Select(i => $"cuda:{i}")] : [$"cuda:{device.index}"];
    }

    /// <summary>cpu, cuda or cuda:N; null takes the first CUDA device where there is one.</summary>
    /// <exception cref="UserErrorException">The name is unknown or the device is not there.</exception>
    public static Device Parse(string? name)
    {
        if (name is null)
            return cuda.is_available() ? device("cuda:0") : CPU;
        if (name == "cpu")
            return CPU;
        var number = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name[5..], out number)))
            throw new UserErrorException($"--device is \"{name}\"; use cpu, cuda or cuda:0.");
        if (!cuda.is_available())
            throw new UserErrorException($"--device is \"{name}\", but this libtorch sees no CUDA device; use cpu, build with -p:Device=cuda, or set LIBTORCH_HOME to a libtorch with CUDA, of pip or NVIDIA (`sslo doctor` tells).");
        if (number >= cuda.device_count())
            throw new UserErrorException($"--device is \"{name}\", but there are {cuda.device_count()} CUDA devices; use cuda:0 to cuda:{cuda.device_count() - 1}.");
        return device($"cuda:{number}");
    }
}
