using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Concurrency;
using Orleans.Configuration;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Grains.Placement;
using SslOrleans.Silo.Logging;

namespace SslOrleans.Tests.Facts;

/// <summary>What the product relies on in Orleans 10.4, on silos with the product's own options.</summary>
[Collection(nameof(OneByOne))]
public sealed class OrleansFacts : IDisposable
{
    /// <summary>Two probes of half a second and a busy machine; every default that would be in the way is thirty seconds or more.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(15);

    private readonly FactSilos _silos = new();

    public void Dispose() => _silos.Dispose();

    [Fact]
    public async Task Exceptions_of_ours_travel_between_silos_with_type_and_message()
    {
        var (first, _) = await Two();
        var error = await Assert.ThrowsAsync<UserErrorException>(() => first.On("second").Fail("batch.micro is 3; use 4."));
        Assert.Equal("batch.micro is 3; use 4.", error.Message);
    }

    [Fact]
    public async Task A_reentrant_grain_answers_while_it_waits_and_its_turns_never_run_side_by_side()
    {
        var grain = (await _silos.Start("first")).On("first");
        var waiting = grain.Wait();
        var counts = await Task.WhenAll(Enumerable.Range(0, 2000).Select(_ => grain.Count()));
        Assert.False(waiting.IsCompleted);
        Assert.Equal(Enumerable.Range(1, 2000), counts.Order());
        await grain.Open();
        await waiting;
    }

    [Fact]
    public async Task A_one_way_call_neither_waits_nor_tells_of_failure()
    {
        var grain = (await _silos.Start("first")).On("first");
        await grain.WaitAndFail().WaitAsync(s_soon);
        await grain.Open();
        Assert.Equal(1, await grain.Count());
    }

    [Fact]
    public async Task The_limit_of_a_call_is_its_methods_own()
    {
        var (first, _) = await Two();
        var grain = first.On("second");
        await grain.Count();
        var clock = Stopwatch.StartNew();
        await Assert.ThrowsAsync<TimeoutException>(() => grain.WaitImpatiently());
        Assert.InRange(clock.Elapsed, TimeSpan.FromSeconds(0.9), s_soon);
        await grain.Open();
    }

    [Fact]
    public async Task Immutable_bytes_are_not_copied_within_a_silo_and_a_whole_part_crosses_to_another()
    {
        var (first, _) = await Two();
        var bytes = new byte[4 << 20];
        new Random(1).NextBytes(bytes);
        foreach (var silo in new[] { "first", "second" })
        {
            var (same, back) = await first.On(silo).Echo(new Immutable<byte[]>(bytes), RuntimeHelpers.GetHashCode(bytes));
            Assert.Equal(silo == "first", same);
            Assert.Equal(bytes, back.Value);
        }
    }

    [Fact]
    public async Task A_placement_filter_is_obeyed_and_without_a_silo_for_it_the_call_fails()
    {
        var (first, second) = await Two();
        var grain = first.On("second");
        await grain.Count();
        var address = await first.Grains().GetGrain<IManagementGrain>(0).GetActivationAddress(grain);
        Assert.Equal(second.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress, address);
        await Assert.ThrowsAnyAsync<OrleansException>(() => first.On("nowhere").Count());
    }

    [Fact]
    public async Task Idle_collection_takes_a_grain_and_leaves_one_that_is_kept_alive()
    {
        var first = await _silos.Start("first", collectionAge: TimeSpan.FromSeconds(2));
        var kept = first.Grains().GetGrain<ILastingGrain>("first/kept");
        Assert.Equal(1, await kept.Calls());
        await first.On("first").Count();
        await FactGrain.Collected.Task.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(2, await kept.Calls());
    }

    /// <summary>The console prints events by category and name; an Orleans that has renamed one would be silent where somebody has to act.</summary>
    [Fact]
    public void Orleans_has_the_events_that_the_console_prints()
    {
        var methods = new[] { typeof(ISiloStatusOracle), typeof(Grain), typeof(ClusterMember), typeof(ClientMessagingOptions) }.Select(t => t.Assembly).Distinct()
            .SelectMany(a => a.GetTypes()).SelectMany(t => t.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(m => m.Name).ToHashSet();
        Assert.Empty(MustAct.Events.Where(e => e.Category.StartsWith("Orleans.", StringComparison.Ordinal)).Select(e => e.Event).Except(methods));
    }

    /// <summary>
    /// With Orleans' defaults the deaths are known after a minute and a half (each stands in the way of the other's indirect probe), the
    /// grain is up elsewhere thirty seconds later (the directory's lease), and the call fails after the ten minutes that its method allows.
    /// </summary>
    [Fact]
    public async Task Two_silos_killed_at_once_are_known_dead_soon_their_calls_fail_and_their_grains_are_up_elsewhere()
    {
        var first = await _silos.Start("first");
        using var one = new SiloProcess("one", _silos.Folder);
        using var other = new SiloProcess("other", _silos.Folder);
        var (ranking, statuses) = (first.Services.GetRequiredService<ParameterSilos>(), first.Services.GetRequiredService<ISiloStatusOracle>());
        await Until(() => ranking.Ranked("").Count == 3);
        var run = Enumerable.Range(0, 1000).Select(i => $"run-{i}").First(r => ranking.Ranked(r)[0] == "one");
        var lost = first.Grains().GetGrain<INegativeQueueGrain>(run);
        Assert.Equal(-1, await lost.Stand());
        var waiting = await WaitingOn("other");

        var clock = Stopwatch.StartNew();
        one.Kill();
        other.Kill();
        await Until(() => statuses.GetApproximateSiloStatuses(onlyActive: true).Count == 1);
        var known = clock.Elapsed;
        await Assert.ThrowsAnyAsync<OrleansException>(() => waiting.WaitAsync(s_soon));
        await Until(() => Answers(lost));
        Assert.True(clock.Elapsed < s_soon, $"known dead after {known.TotalSeconds:0.0} s, grains up after {clock.Elapsed.TotalSeconds:0.0} s");

        // A call that nobody else will answer: one micro-batch of two at a meeting on that silo.
        async Task<Task> WaitingOn(string silo)
        {
            var management = first.Grains().GetGrain<IManagementGrain>(0);
            for (var i = 0; ; i++)
            {
                var meeting = first.Grains().GetGrain<IBatchMeetingGrain>($"meeting-{i}");
                await meeting.Open(0, 0, 2);
                if (statuses.TryGetSiloName((await management.GetActivationAddress(meeting))!, out var name) && name == silo)
                    return meeting.Bring(0, 0, 0, 0, new Immutable<byte[]>(new byte[8]));
            }
        }
    }

    private static async Task<bool> Answers(INegativeQueueGrain grain)
    {
        try
        {
            return await grain.Stand() == -1;
        }
        catch (OrleansException)
        {
            return false;
        }
    }

    private static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    private static async Task Until(Func<Task<bool>> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(3), "it did not happen within three minutes");
            await Task.Delay(20);
        }
    }

    private async Task<(IHost First, IHost Second)> Two() => (await _silos.Start("first"), await _silos.Start("second"));
}
