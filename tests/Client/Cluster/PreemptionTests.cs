using SslOrleans.Client.CommandLine;
using SslOrleans.Silo;

namespace SslOrleans.Client.Tests.Cluster;

public class PreemptionTests
{
    [Theory]
    [InlineData("Preempt")]
    [InlineData("Terminate")]
    public async Task A_notice_for_this_machine_is_heard_and_approved(string kind)
    {
        using var cloud = new MockMetadata { Events = $"{MockMetadata.Event("Freeze", "vm-7")},{MockMetadata.Event("Preempt", "another")}" };
        using var notice = new PreemptionNotice(cloud.Root);
        var waiting = notice.WaitAsync(default);
        await Task.Delay(1300);
        Assert.False(waiting.IsCompleted);

        cloud.Events = MockMetadata.Event(kind, "VM-7");
        var (heard, id) = await waiting.WaitAsync(TimeSpan.FromSeconds(10));
        await notice.ApproveAsync(id, default);

        Assert.Equal(kind, heard);
        Assert.Contains($"id-{kind}", Assert.Single(cloud.Approved));
    }

    [Fact]
    public async Task A_metadata_service_that_fails_is_asked_again()
    {
        using var cloud = new MockMetadata { IsBroken = true, Events = MockMetadata.Event("Preempt", "vm-7") };
        using var notice = new PreemptionNotice(cloud.Root);
        var waiting = notice.WaitAsync(default);
        await Task.Delay(300);
        Assert.False(waiting.IsCompleted);
        cloud.IsBroken = false;
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task A_silo_leaves_when_its_machine_is_to_end()
    {
        using var folder = new TestFolder();
        using var cloud = new MockMetadata();
        using var interruption = new Interruption(listen: false);
        var ready = folder.In("ready");
        var silo = Invocation.Of(interruption, "silo", "--roles", "parameters", "--runs", folder.In("runs"), "--preemption", cloud.Root.ToString(), "--ready-file", ready);
        for (var i = 0; i < 300 && !File.Exists(ready); i++)
            await Task.Delay(100);
        Assert.True(File.Exists(ready), silo.IsCompleted ? (await silo).Error : "The silo is not ready after 30 s.");

        cloud.Events = MockMetadata.Event("Preempt", "vm-7");
        var call = await silo.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0, call.Code);
        Assert.Contains("left before this machine's end (Preempt)", call.Output);
        Assert.False(File.Exists(ready));
        Assert.Contains("id-Preempt", Assert.Single(cloud.Approved));
    }
}
