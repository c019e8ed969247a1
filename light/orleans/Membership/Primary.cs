using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>
/// The primary silo's tables: who is a member, and which silo has which grain. A silo is dead when its connection closes
/// without a farewell or its heartbeats stay away; its grains are then free to be activated elsewhere.
/// </summary>
internal sealed class Primary(SiloNode silo) : IPrimary
{
    private const int DeadToRemember = 20;
    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<GrainId, SiloAddress> _directory = new();
    private MembershipView _view = MembershipView.Empty;

    public Task<JoinAnswer> Join(Member member, List<GrainId> grains)
    {
        lock (_gate)
        {
            if (_view.Find(member.Address) is { Status: SiloStatus.Dead })
            {
                return Task.FromResult(new JoinAnswer
                {
                    View = _view,
                    Refusal = $"Silo {member.Name} ({member.Address}) was declared dead, and its grains may live elsewhere by now.",
                });
            }
            Change([.. _view.Members.Where(each => !each.Address.Equals(member.Address)), member]);
            var duplicates = grains.FindAll(grain => !_directory.GetOrAdd(grain, member.Address).Equals(member.Address));
            silo.Log.LogInformation("Silo {Name} ({Address}) joined", member.Name, member.Address);
            return Task.FromResult(new JoinAnswer { View = _view, Duplicates = duplicates });
        }
    }

    public Task SetStatus(SiloAddress address, SiloStatus status)
    {
        lock (_gate)
        {
            if (_view.Find(address) is not { } member || member.Status == status || member.Status == SiloStatus.Dead)
                return Task.CompletedTask;
            Change([.. _view.Members.Select(each => each == member ? member with { Status = status } : each)]);
            if (status == SiloStatus.Dead)
            {
                foreach (var (grain, owner) in _directory)
                {
                    if (owner.Equals(address))
                        _directory.TryRemove(KeyValuePair.Create(grain, owner));
                }
            }
        }
        return Task.CompletedTask;
    }

    public Task<SiloAddress?> Locate(GrainId grain, SiloAddress candidate)
    {
        lock (_gate)
        {
            if (_directory.TryGetValue(grain, out var owner))
                return Task.FromResult<SiloAddress?>(owner);
            if (!_view.IsActive(candidate))
                return Task.FromResult<SiloAddress?>(null);
            _directory[grain] = candidate;
            return Task.FromResult<SiloAddress?>(candidate);
        }
    }

    public Task Place(GrainId client, SiloAddress gateway)
    {
        _directory[client] = gateway;
        return Task.CompletedTask;
    }

    public Task Release(GrainId grain, SiloAddress owner)
    {
        _directory.TryRemove(KeyValuePair.Create(grain, owner));
        return Task.CompletedTask;
    }

    public Task<SiloAddress?> Lookup(GrainId grain) => Task.FromResult(_directory.GetValueOrDefault(grain));

    public async Task Suspect(SiloAddress address)
    {
        // A killed silo's connection to the primary closes by itself; a moment later all is known.
        for (var i = 0; i < 20 && _view.Find(address)?.Status is not (null or SiloStatus.Dead); i++)
            await Task.Delay(5).ConfigureAwait(false);
    }

    public void Died(SiloAddress address, string why)
    {
        if (_view.Find(address)?.Status is null or SiloStatus.Dead)
            return;
        silo.Log.LogWarning("Silo {Address} is dead: {Reason}", address, why);
        SetStatus(address, SiloStatus.Dead);
    }

    private void Change(List<Member> members)
    {
        var forgotten = members.Where(member => member.Status == SiloStatus.Dead).OrderBy(member => member.StartTime).SkipLast(DeadToRemember).ToArray();
        _view = new MembershipView { Version = _view.Version + 1, Members = [.. members.Except(forgotten)] };
        silo.Membership.Update(_view);
        foreach (var member in _view.Members)
        {
            if (member.Status != SiloStatus.Dead && !member.Address.Equals(silo.Address))
                silo.ControlOf(member.Address).MembershipChanged(_view);
        }
    }
}
