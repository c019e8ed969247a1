using SslOrleans.Contracts;
using static TorchSharp.torch;

namespace SslOrleans.Client.Training;

/// <summary>Devices by the names that <c>--device</c> takes.</summary>
public static class Devices
{
    /// <summary>Workers that a machine takes by itself: one a GPU, or one.</summary>
    public static int Count(string device) => device == "cuda" && cuda.is_available() ? cuda.device_count() : 1;

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
