using SslOrleans.Tests.Facts;

/// <summary>.NET calls this before Main of any program that is started with DOTNET_STARTUP_HOOKS: the name and its place, in no namespace, are .NET's.</summary>
internal static class StartupHook
{
    /// <summary>Names the method of <see cref="TorchFacts"/> to run instead of the program.</summary>
    public const string Variable = "SSLO_FACT";

    public static void Initialize()
    {
        var result = Environment.GetEnvironmentVariable(Variable) switch
        {
            nameof(TorchFacts.Train) => TorchFacts.Train(),
            nameof(TorchFacts.ThrowInBackward) => TorchFacts.ThrowInBackward(),
            _ => null,
        };
        if (result is null)
            return;
        Console.WriteLine(result);
        Environment.Exit(0);
    }
}
