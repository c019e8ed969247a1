namespace SslOrleans.Silo;

/// <summary>How far a silo is with joining, for whoever looks at its console meanwhile.</summary>
internal sealed class Joining
{
    /// <summary>Completes the sentence "the silo waits for …"; null until it has been let in.</summary>
    public string? WaitsFor { get; set; }
}
