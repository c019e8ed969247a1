using System.CommandLine;

namespace SslOrleans.Client.CommandLine;

/// <summary>Options that several commands share, so that they read the same everywhere.</summary>
public static class CommonOptions
{
    /// <summary>On every command.</summary>
    public static Option<bool> Json() => new("--json") { Description = "One JSON object per line, and nothing else, on standard output.", Recursive = true };

    public static Option<string[]> Set() => new("--set")
    {
        Description = "Changes one value of the recipe: --set optimizer.learningRate=0.1. May be given again.",
        HelpName = "key.path=value",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
        DefaultValueFactory = _ => [],
    };

    public static Option<string?> Data() => new("--data") { Description = "Data set: a folder, a shard, or a container of shards (azure:CONTAINER/FOLDER).", HelpName = "path" };

    public static Option<string?> Dashboard() => new("--dashboard")
    {
        Description = "Where the dashboard listens: a port, an address and a port, or off. By default 127.0.0.1, and the port of last time.",
        HelpName = "address:port|off",
    };

    public static Option<string?> Sign() => new("--sign") { Description = "Private key (`sslo key FILE`) that signs the ledger while this process leads the run.", HelpName = "file" };

    public static Option<string> Runs() => new("--runs") { Description = "Folder that holds the runs.", HelpName = "folder", DefaultValueFactory = _ => "runs" };

    public static Argument<string> Recipe() => new("recipe") { Description = "A recipe file, or the name of one that `sslo recipe list` shows." };
}
