using Orleans.Configuration;

namespace SslOrleans.Silo;

/// <summary>
/// How soon the death of a silo is known, and what waits for it. Why these numbers, with what was measured:
/// docs/decisions/015-death-and-directory.md.
/// </summary>
internal static class FailureDetection
{
    private static readonly TimeSpan s_longCall = TimeSpan.FromMinutes(10);

    /// <summary>The longest that a call without a limit of its own may take.</summary>
    public static TimeSpan CallLimit { get; } = TimeSpan.FromSeconds(30);

    public static void Configure(ISiloBuilder silo, ClusterSettings cluster)
    {
        silo.Configure<ClusterMembershipOptions>(o =>
        {
            o.ProbeTimeout = cluster.Probe;
            o.MinProbeTimeout = 0.6 * cluster.Probe;
            o.MaxProbeTimeout = cluster.Probe;
            o.NumMissedProbesLimit = 2;
            o.NumVotesForDeathDeclaration = 1;

            // Messages of a moment ago say nothing of a process that was killed since.
            o.EnableConnectionLivenessCheck = false;

            // The last probe before a death is declared would go through another silo, drawn anew each time and never found dead itself: when
            // two silos die at once, each stands in the way of the other's declaration until their entries are stale, 90 s by default.
            o.EnableIndirectProbes = false;

            // A silo that joins cannot evict an entry before it is stale. After the loss of every silo at once all entries are those of dead ones.
            o.IAmAliveTablePublishTimeout = 2 * cluster.Probe;
            o.NumMissedTableIAmAliveLimit = 5;

            // A silo that the gossip of a change has passed by reads of it in the table; Orleans would let it wait for a minute.
            o.TableRefreshTimeout = TimeSpan.FromSeconds(Math.Min(5, 10 * cluster.Probe.TotalSeconds));
        });

        // No lease: for 30 s after a death nobody could take the place of a dead silo's grains, nor register any grain whose entry the dead
        // silo kept. The lease is meant to keep a silo that only seems dead from having grains twice, but a cut may outlast any lease: what
        // protects a run is that the ledger takes a step once, and that a step has the same bits whoever computes it.
        silo.Configure<GrainDirectoryOptions>(o => o.RangeLeaseDuration = TimeSpan.Zero);

        // A caller that has given up calls again or asks another; what it asked for is idempotent, and half of it undone would not be.
        // The limit of a call without one of its own: calls to a dead silo fail when its death is declared, long before.
        silo.Configure<SiloMessagingOptions>(o => (o.CancelRequestOnTimeout, o.ResponseTimeout, o.SystemResponseTimeout) = (false, CallLimit, CallLimit));

        // A worker computes for as long as its lease takes; Orleans would warn of every call that runs for 20 s.
        silo.Configure<SiloMessagingOptions>(o => (o.RequestProcessingWarningTime, o.RequestQueueDelayWarningTime) = (s_longCall, s_longCall));

        // Grains stay where placement puts them: neither AddActivationRebalancer nor AddActivationRepartitioner is called here, because a moved
        // slice or worker leaves its tensors behind; [Immovable] at those grains says it to whoever adds one. Shedding would drop them.
        silo.Configure<GrainCollectionOptions>(o => o.EnableActivationSheddingOnMemoryPressure = false);
    }

    public static void Configure(IClientBuilder client)
        => client.Configure<ClientMessagingOptions>(o => (o.CancelRequestOnTimeout, o.ResponseTimeout) = (false, CallLimit));
}
