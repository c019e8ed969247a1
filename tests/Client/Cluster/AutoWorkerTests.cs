using SslOrleans.Client.Cluster;
using SslOrleans.Client.Training;

namespace SslOrleans.Client.Tests.Cluster;

public sealed class AutoWorkerTests
{
    [Theory]
    [InlineData("auto", 0, true)]
    [InlineData("0", 0, false)]
    [InlineData("12", 12, false)]
    public void A_number_of_workers_or_auto(string text, int number, bool auto)
        => Assert.Equal(new WorkerCount(number, auto), WorkerCount.Parse(text));

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("atuo")]
    [InlineData("")]
    public async Task Anything_else_is_refused(string text)
    {
        var call = await Invocation.Of("train", "simclr-cifar10", "--data", "nowhere", "--workers", text);

        Assert.Equal(2, call.Code);
        Assert.Contains($"--workers is \"{text}\"; give a number from 0 on, or auto", call.ErrorLine);
    }

    /// <summary>Two looks at a machine of four processors, a hundred ticks of each in between.</summary>
    [Fact]
    public void Use_by_others_is_the_machines_without_ours()
    {
        using var folder = new TestFolder();
        var machine = new BusyProcessors(folder.Path);
        //                       user nice system idle iowait irq softirq steal guest
        Machine(folder, "cpu  1000 50 200 5000 100 10 20 0 30 0");
        Process(folder, 11, "(a) S 1", 100, 20);
        Process(folder, 12, "worker) R 2", 7, 1);
        Assert.Null(machine.ByOthers([11, 12]));
        Assert.Null(machine.ByOthers([11, 12]));

        // 400 ticks of which 250 busy (user 150, nice 30, system 40, softirq 10, steal 20); 170 of them ours: 80 of 100 ticks of one processor.
        Machine(folder, "cpu  1150 80 240 5140 110 10 30 20 30 0");
        Process(folder, 11, "(a) S 1", 200, 40);
        Process(folder, 12, "worker) R 2", 50, 8);
        Assert.Equal(0.8, machine.ByOthers([11, 12])!.Value, 12);

        // A process that came in between, and one that has gone: what they used is not ours.
        Machine(folder, "cpu  1550 80 240 5140 110 10 30 20 30 0");
        Process(folder, 13, "(new) S 1", 300, 0);
        Directory.Delete(folder.In("12"), recursive: true);
        Assert.Equal(4, machine.ByOthers([11, 12, 13])!.Value, 12);
    }

    [Fact]
    public void This_machine_tells()
    {
        var machine = new BusyProcessors();
        Assert.Null(machine.ByOthers([Environment.ProcessId]));
        Thread.Sleep(300);
        Assert.InRange(machine.ByOthers([Environment.ProcessId])!.Value, 0, Directory.GetDirectories("/sys/devices/system/cpu", "cpu*").Length);
    }

    [Fact]
    public void A_worker_leaves_soon_and_joins_late()
    {
        var clock = new Clock();
        var target = new WorkerTarget(threads: 1, processors: 4, most: 16, clock);
        Assert.Equal(4, target.Value);
        Assert.Equal(4, After(0, busy: 2.2));
        Assert.Equal(4, After(3.9, busy: 2.2));
        Assert.Equal(3, After(0.2, busy: 2.2));
        Assert.Equal(3, After(0.1, busy: 2.2));
        Assert.Equal(2, After(4, busy: 2.2));

        // Room for two and a quarter: nothing changes, however long.
        Assert.Equal(2, After(100, busy: 2));
        Assert.Equal(2, After(100, busy: 1.5));

        // A burst in between begins the waiting anew.
        Assert.Equal(2, After(0, busy: 0.1));
        Assert.Equal(2, After(9, busy: 0.1));
        Assert.Equal(2, After(0.5, busy: 2));
        Assert.Equal(2, After(0.5, busy: 0.1));
        Assert.Equal(2, After(9.9, busy: 0.1));
        Assert.Equal(3, After(0.1, busy: 0.1));

        // Never below one.
        for (var i = 0; i < 20; i++)
            _ = After(5, busy: 4);
        Assert.Equal(1, target.Value);

        int After(double seconds, double busy)
        {
            clock.Now += TimeSpan.FromSeconds(seconds);
            return target.Look(busy);
        }
    }

    [Fact]
    public void Workers_that_end_soon_are_replaced_less_and_less_often()
    {
        var clock = new Clock();
        var pause = new StartPause(clock);
        Assert.True(pause.IsOver);
        Assert.Equal([2, 4, 8, 16, 32, 60, 60], Enumerable.Range(0, 7).Select(_ => pause.Ended(TimeSpan.FromSeconds(1)).TotalSeconds));
        clock.Now += TimeSpan.FromSeconds(59);
        Assert.False(pause.IsOver);
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(pause.IsOver);

        // One that did its work is replaced at once, and the next one that does not begins at the beginning.
        Assert.Equal(0, pause.Ended(StartPause.Young).TotalSeconds);
        Assert.True(pause.IsOver);
        Assert.Equal(2, pause.Ended(TimeSpan.Zero).TotalSeconds);
        Assert.False(pause.IsOver);
    }

    [Theory]
    [InlineData(1, 4, 16, 4)]
    [InlineData(2, 5, 16, 2)]
    [InlineData(8, 4, 16, 1)]
    [InlineData(1, 64, 16, 16)]
    public void As_many_as_have_processors_and_micro_batches(int threads, int processors, int most, int expected)
        => Assert.Equal(expected, new WorkerTarget(threads, processors, most, TimeProvider.System).Value);

    private static void Machine(TestFolder folder, string total)
        => folder.Write("stat", $"{total}\n{string.Concat(Enumerable.Range(0, 4).Select(i => $"cpu{i} 1 2 3 4 5 6 7 8 9 10\n"))}intr 7 8\nctxt 9\n");

    private static void Process(TestFolder folder, int id, string nameStateParent, long user, long kernel)
    {
        Directory.CreateDirectory(folder.In($"{id}"));
        folder.Write($"{id}/stat", $"{id} ({nameStateParent} 0 0 0 0 0 0 0 0 0 {user} {kernel} 3 4 20 0 5\n");
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; } = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
