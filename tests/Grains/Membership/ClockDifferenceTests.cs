using System.Net;
using SslOrleans.Silo;

namespace SslOrleans.Tests.Grains.Membership;

/// <summary>A silo that cannot get in because of its clock says so.</summary>
public sealed class ClockDifferenceTests
{
    private static readonly DateTime s_now = new(2026, 11, 27, 12, 0, 0, DateTimeKind.Utc);

    [Theory]
    [InlineData(3600, SiloStatus.Active, "; this machine's clock is 0.01:00:00 behind that of the other silos: set it right")]
    [InlineData(90_061, SiloStatus.Active, "; this machine's clock is 1.01:01:01 behind that of the other silos: set it right")]
    [InlineData(9, SiloStatus.Active, "")]
    [InlineData(-300, SiloStatus.Active, "")]
    [InlineData(3600, SiloStatus.Dead, "")]
    public void What_a_living_silo_says_of_the_time_is_compared(int seconds, SiloStatus status, string expected)
        => Assert.Equal(expected, ClockDifference.Advice(Table(Member(1, seconds, status), Member(2, -60, SiloStatus.Active)), s_now));

    [Fact]
    public void Nobody_else_is_nobody_to_compare_with() => Assert.Equal("", ClockDifference.Advice(Table(), s_now));

    private static MembershipTableData Table(params MembershipEntry[] entries)
        => new([.. entries.Select(e => Tuple.Create(e, "1"))], new TableVersion(1, "1"));

    private static MembershipEntry Member(int generation, int seconds, SiloStatus status) => new()
    {
        SiloAddress = SiloAddress.New(new IPEndPoint(IPAddress.Loopback, 11111), generation),
        Status = status,
        IAmAliveTime = s_now.AddSeconds(seconds),
    };
}
