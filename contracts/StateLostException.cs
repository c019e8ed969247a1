using Orleans;

namespace SslOrleans.Contracts;

/// <summary>A grain that must hold state has none, because its silo died: the run restores it from the last checkpoint.</summary>
[GenerateSerializer]
[Alias("SslOrleans.StateLostException")]
public sealed class StateLostException : Exception
{
    public StateLostException(string message)
        : base(message)
    {
    }
}

/// <summary>A message belongs to a step or version that is over; its sender drops the work.</summary>
[GenerateSerializer]
[Alias("SslOrleans.OutdatedException")]
public sealed class OutdatedException : Exception
{
    public OutdatedException(string message)
        : base(message)
    {
    }
}
