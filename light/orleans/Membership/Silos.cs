using System.Collections.Immutable;

namespace Orleans.Runtime
{
    public enum SiloStatus
    {
        None = 0,
        Created = 1,
        Joining = 2,
        Active = 3,
        ShuttingDown = 4,
        Stopping = 5,
        Dead = 6,
    }

    /// <summary>Who this silo is.</summary>
    public interface ILocalSiloDetails
    {
        string Name { get; }

        string ClusterId { get; }

        string DnsHostName { get; }

        SiloAddress SiloAddress { get; }

        SiloAddress GatewayAddress { get; }
    }

    /// <summary>What this silo knows about the others.</summary>
    public interface ISiloStatusOracle
    {
        SiloStatus CurrentStatus { get; }

        string SiloName { get; }

        SiloAddress SiloAddress { get; }

        SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress);

        Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false);

        bool TryGetSiloName(SiloAddress siloAddress, out string? siloName);

        bool IsDeadSilo(SiloAddress silo);

        bool SubscribeToSiloStatusEvents(ISiloStatusListener observer);

        bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer);
    }

    /// <summary>Is told when a silo joins, leaves or dies.</summary>
    public interface ISiloStatusListener
    {
        void SiloStatusChangeNotification(SiloAddress updatedSilo, SiloStatus status);
    }
}

namespace Orleans.Runtime.MembershipService.SiloMetadata
{
    /// <summary>The labels that a silo was started with, its roles for example.</summary>
    [GenerateSerializer]
    public record SiloMetadata
    {
        public static SiloMetadata Empty { get; } = new();

        public ImmutableDictionary<string, string> Metadata { get; private set; } = ImmutableDictionary<string, string>.Empty;

        internal void AddMetadata(IEnumerable<KeyValuePair<string, string>> metadata) => Metadata = Metadata.SetItems(metadata);
    }

    /// <summary>The labels of every silo.</summary>
    public interface ISiloMetadataCache
    {
        SiloMetadata GetSiloMetadata(SiloAddress siloAddress);
    }
}
