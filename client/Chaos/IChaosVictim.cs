namespace SslOrleans.Client.Chaos;

/// <summary>Somebody to whom something is done.</summary>
internal interface IChaosVictim
{
    string Name { get; }

    bool IsAlive { get; }

    /// <summary>How long, and between whom; empty where the action says it all.</summary>
    string Detail(ChaosEvent e);

    /// <summary>Does it, and undoes what passes.</summary>
    /// <param name="e">What happens.</param>
    /// <param name="over">The run has ended meanwhile: a pause need not be waited out.</param>
    Task Suffer(ChaosEvent e, Func<bool> over);
}
