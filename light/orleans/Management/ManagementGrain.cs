using Orleans.Concurrency;

namespace Orleans.Runtime;

/// <summary>Answers a dashboard's questions from the silos' own services.</summary>
[StatelessWorker, Reentrant]
internal sealed class ManagementGrain : Grain, IManagementGrain
{
    private readonly SiloNode _silo;

    public ManagementGrain(IGrainFactory silo) => _silo = (SiloNode)silo;

    public Task<Dictionary<SiloAddress, SiloStatus>> GetHosts(bool onlyActive = false) =>
        Task.FromResult(_silo.Membership.GetApproximateSiloStatuses(onlyActive));

    public Task<MembershipEntry[]> GetDetailedHosts(bool onlyActive = false) => Task.FromResult(_silo.Membership.View.Members
        .Where(member => !onlyActive || member.Status == SiloStatus.Active)
        .Select(member => new MembershipEntry
        {
            SiloAddress = member.Address,
            Status = member.Status,
            ProxyPort = member.GatewayPort,
            HostName = Environment.MachineName,
            SiloName = member.Name,
            StartTime = member.StartTime,
            IAmAliveTime = DateTime.UtcNow,
        }).ToArray());

    public async Task<SimpleGrainStatistic[]> GetSimpleGrainStatistics() =>
    [
        .. (await GetDetailedGrainStatistics()).GroupBy(each => (each.GrainType, each.SiloAddress)).Select(group => new SimpleGrainStatistic
        {
            GrainType = group.Key.GrainType,
            SiloAddress = group.Key.SiloAddress,
            ActivationCount = group.Count(),
        }),
    ];

    public async Task<DetailedGrainStatistic[]> GetDetailedGrainStatistics(string[]? types = null, SiloAddress[]? hostsIds = null)
    {
        var silos = hostsIds ?? [.. _silo.Membership.GetApproximateSiloStatuses(onlyActive: true).Keys];
        var answers = await Task.WhenAll(silos.Select(silo => _silo.ControlOf(silo).GetActivations()));
        return [.. answers.SelectMany(each => each).Where(each => types is null || types.Contains(each.GrainType))];
    }

    public async Task<int> GetTotalActivationCount() => (await GetDetailedGrainStatistics()).Length;

    public async ValueTask<SiloAddress?> GetActivationAddress(IAddressable reference) => await _silo.Primary.Lookup(reference.GetGrainId());

    public Task ForceActivationCollection(TimeSpan ageLimit) => Task.WhenAll(
        _silo.Membership.GetApproximateSiloStatuses(onlyActive: true).Keys.Select(silo => _silo.ControlOf(silo).CollectIdle(ageLimit)));
}

/// <summary>What a silo does for the others.</summary>
internal sealed class SiloControl(SiloNode silo) : ISiloControl
{
    public Task MembershipChanged(MembershipView view)
    {
        silo.Membership.Update(view);
        return Task.CompletedTask;
    }

    public Task<List<DetailedGrainStatistic>> GetActivations() => Task.FromResult(silo.Catalog.All
        .Where(each => each.State == ActivationState.Valid)
        .Select(each => new DetailedGrainStatistic { GrainType = each.Class.Name, SiloAddress = silo.Address, GrainId = each.GrainId })
        .ToList());

    public Task CollectIdle(TimeSpan age)
    {
        silo.Catalog.CollectIdle(silo.Options, age);
        return Task.CompletedTask;
    }
}
