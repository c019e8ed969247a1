
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

/// <summary>A silo does not keep a <see cref="Messages.Payload"/> any more, or died with it; who sent it has to make it again.</summary>
[GenerateSerializer]
[Alias("SslOrleans.PayloadLostException")]
public sealed class PayloadLostException : Exception
{
    public PayloadLostException(string message, string silo)
        : base(message)
        => Silo = silo;

    /// <summary>Name of the silo.</summary>
    [Id(0)]
    public string Silo { get; }
}
