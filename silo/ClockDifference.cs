using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace SslOrleans.Silo;

/// <summary>
/// Whether this machine's clock is behind that of the cluster. A silo signs in with its own time; where that is long past for the others,
/// they take it for one that died long ago, and it never gets in.
/// </summary>
public static class ClockDifference
{
    /// <summary>Clocks of well-kept machines differ by less.</summary>
    private static readonly TimeSpan s_usual = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(2);

    /// <summary>What to do about it, in words; empty where the clock is right, or the table of members cannot be read.</summary>
    public static async Task<string> Advice(IHost host)
    {
        try
        {
            return host.Services.GetService<IMembershipTable>() is { } table ? Advice(await table.ReadAllAsync(CancellationToken.None).WaitAsync(s_patience), DateTime.UtcNow) : "";
        }
        catch (Exception)
        {
            // Advice only: what is wrong with the table is told by whoever needs it.
            return "";
        }
    }

    /// <param name="members">As the table has them.</param>
    /// <param name="now">By this machine's clock, UTC.</param>
    internal static string Advice(MembershipTableData members, DateTime now)
    {
        var living = members.Members.Select(m => m.Item1).Where(m => m.Status == SiloStatus.Active).ToList();
        var behind = living.Count == 0 ? TimeSpan.Zero : living.Max(m => m.IAmAliveTime) - now;
        return behind <= s_usual ? "" : $"; this machine's clock is {behind:d\\.hh\\:mm\\:ss} behind that of the other silos: set it right";
    }
}
