using System.Collections.Immutable;
using Microsoft.Extensions.Options;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Orleans.Runtime;

/// <summary>What this silo knows about all silos, and who wants to be told.</summary>
internal sealed class Membership(SiloNode silo, IOptions<SiloMetadata> ownMetadata) : ISiloStatusOracle, ISiloMetadataCache
{
    private ImmutableList<ISiloStatusListener> _listeners = [];
    private readonly Lock _gate = new();

    public MembershipView View { get; private set; } = MembershipView.Empty;

    public SiloStatus CurrentStatus => GetApproximateSiloStatus(SiloAddress);

    public string SiloName => silo.Name;

    public SiloAddress SiloAddress => silo.Address;

    /// <summary>Takes over a later view and tells everybody what changed.</summary>
    public void Update(MembershipView view, bool force = false)
    {
        MembershipView old;
        lock (_gate)
        {
            if (view.Version <= View.Version && !force)
                return;
            old = View;
            View = view;
        }
        foreach (var member in view.Members)
        {
            if (old.Find(member.Address)?.Status == member.Status)
                continue;
            if (member.Status == SiloStatus.Dead)
                silo.OnDead(member.Address);
            foreach (var listener in _listeners)
                listener.SiloStatusChangeNotification(member.Address, member.Status);
        }
    }

    public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => View.Find(siloAddress)?.Status ?? SiloStatus.None;

    public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) =>
        View.Members.Where(member => !onlyActive || member.Status == SiloStatus.Active).ToDictionary(member => member.Address, member => member.Status);

    public bool TryGetSiloName(SiloAddress siloAddress, out string? siloName) => (siloName = View.Find(siloAddress)?.Name) is not null;

    public bool IsDeadSilo(SiloAddress silo) => GetApproximateSiloStatus(silo) == SiloStatus.Dead;

    public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => ImmutableInterlocked.Update(ref _listeners, list => list.Add(observer));

    public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) =>
        ImmutableInterlocked.Update(ref _listeners, list => list.Remove(observer));

    public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
    {
        if (siloAddress.Equals(SiloAddress))
            return ownMetadata.Value;
        var metadata = new SiloMetadata();
        metadata.AddMetadata(View.Find(siloAddress)?.Metadata ?? []);
        return metadata;
    }
}
