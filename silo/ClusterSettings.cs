using System.Net;

namespace SslOrleans.Silo;

/// <summary>How silos find each other.</summary>
public enum MembershipKind
{
    /// <summary>In a file beside the runs: silos of one machine, none of which matters more than another.</summary>
    Folder,

    /// <summary>At one silo, Orleans' development clustering: several machines without an account, and its death ends the cluster.</summary>
    Primary,

    /// <summary>In Azure Tables of the account in AZURE_STORAGE_CONNECTION_STRING.</summary>
    AzureTables,
}

/// <summary>How a silo is reached, how silos find each other, and how soon one is given up. All of it matters beyond one machine only.</summary>
public sealed record ClusterSettings
{
    /// <summary>The same for every generation of the cluster; storage and roles go by it.</summary>
    public string ServiceId { get; init; } = "sslorleans";

    /// <summary>The address that others reach this silo at.</summary>
    public IPAddress Advertised { get; init; } = IPAddress.Loopback;

    /// <summary>The port that others reach this silo at, where a translator of addresses or a relay stands before it; 0: the one it listens on.</summary>
    public int AdvertisedPort { get; init; }

    /// <summary>Port for lifelines, over which other silos notice the end of this one at once; 0 picks a free one.</summary>
    public int LifelinePort { get; init; }

    /// <summary>Listens on every address of the machine, as a container must, instead of on <see cref="Advertised"/> alone.</summary>
    public bool ListensEverywhere { get; init; }

    /// <summary>How silos find each other.</summary>
    public MembershipKind Membership { get; init; }

    /// <summary>With <see cref="MembershipKind.Folder"/>: the folder; null: where runs are kept.</summary>
    public string? Folder { get; init; }

    /// <summary>With <see cref="MembershipKind.Primary"/>: the silo to join; null: this one is it.</summary>
    public IPEndPoint? Primary { get; init; }

    /// <summary>PKCS#12 file with this machine's certificate; connections of silos and clients are encrypted and both sides must show one.</summary>
    public string? Certificate { get; init; }

    /// <summary>
    /// A silo that does not answer a probe for this long is probed again, and given up the second time: half a second between machines. On one
    /// machine two seconds, because there the kernel tells of a death at once (lifelines), and a silo that is merely starved must not be taken for dead.
    /// </summary>
    public TimeSpan Probe
    {
        get => field > TimeSpan.Zero ? field : Membership == MembershipKind.Folder ? TimeSpan.FromSeconds(2) : TimeSpan.FromSeconds(0.5);
        init;
    }

    /// <summary>How long a silo that was asked to end may take to hand back what it has and to leave.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Where the cloud announces that this machine will be taken away; null: nowhere.</summary>
    public Uri? Preemption { get; init; }

    /// <summary>Runs in a pod: Kubernetes is asked which pods of the cluster are gone, and their silos are given up.</summary>
    public bool Kubernetes { get; init; }

    /// <summary>Silos are on other machines too.</summary>
    public bool IsBeyondThisMachine => Membership == MembershipKind.AzureTables || !IPAddress.IsLoopback(Advertised);
}
