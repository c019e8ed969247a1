namespace SslOrleans.Grains.Records;

/// <summary>The ledger is not a whole record of the run: a line was changed, lost, added or put elsewhere.</summary>
/// <param name="step">The step at which it shows.</param>
/// <param name="message">One line for people.</param>
public sealed class LedgerException(long step, string message) : Exception(message)
{
    /// <summary>The step at which it shows.</summary>
    public long Step { get; } = step;
}
