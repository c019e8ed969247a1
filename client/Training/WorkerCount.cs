using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Training;

/// <summary>How many worker processes a training has on this machine: a number, or as many as the machine has room for at any time.</summary>
/// <param name="Number">Worker processes to start; 0: compute in this process.</param>
/// <param name="Auto">Follow the processors and GPUs that are free.</param>
public readonly record struct WorkerCount(int Number, bool Auto = false)
{
    public static implicit operator WorkerCount(int number) => new(number);

    /// <summary>True when workers are processes of their own.</summary>
    public bool InProcesses => Auto || Number > 0;

    /// <exception cref="UserErrorException">It is neither a number from 0 on nor <c>auto</c>.</exception>
    public static WorkerCount Parse(string text)
    {
        if (text == "auto")
            return new WorkerCount(0, Auto: true);
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new UserErrorException($"--workers is \"{text}\"; give a number from 0 on, or auto to follow the processors and GPUs that are free.");
    }

    /// <summary><c>--workers</c> of a command that trains.</summary>
    public static Option<WorkerCount> Option() => new("--workers")
    {
        Description = "Worker processes to start; 0 computes in this process; auto starts and ends them as processors and GPUs become free or busy.",
        HelpName = "N|auto",
        CustomParser = Read,
    };

    private static WorkerCount Read(ArgumentResult result)
    {
        try
        {
            return Parse(result.Tokens.Single().Value);
        }
        catch (UserErrorException e)
        {
            result.AddError(e.Message);
            return default;
        }
    }
}
