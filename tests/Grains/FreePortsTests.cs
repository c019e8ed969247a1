using SslOrleans.Silo;

namespace SslOrleans.Grains.Tests;

public class FreePortsTests
{
    /// <summary>
    /// A connection's near end on a silo's port, in the moment before the silo listened, kept it from starting: Linux takes those ends
    /// from 32,768 on.
    /// </summary>
    [Fact]
    public void No_port_is_given_twice_and_none_to_connections()
    {
        var ports = Enumerable.Range(0, 50).Select(_ => FreePorts.Find()).ToList();
        Assert.Equal(ports.Count, ports.Distinct().Count());
        Assert.All(ports, port => Assert.InRange(port, 20_000, 32_767));
    }
}
