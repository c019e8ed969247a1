using SslOrleans.Client.Sweep;
using SslOrleans.Client.Training;
using SslOrleans.Contracts.Messages;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

public class StopEarlyTests
{
    [Fact]
    public void A_run_is_hopeless_when_its_best_is_below_the_median_of_the_others_means_so_far()
    {
        var rule = new MedianStop("knn");
        foreach (var level in new[] { 0.2, 0.4, 0.6 })
            rule.Finished([new(0, 0.1), new(10, level), new(20, level), new(30, 0.9)]);

        // Means up to step 20: 0.5/3, 0.3, 1.3/3.
        Assert.Null(rule.Verdict([new(0, 0.1), new(20, 0.31)], 100));
        Assert.Contains("the median of 3 finished runs is 0.3", rule.Verdict([new(0, 0.1), new(20, 0.29)], 100));
        Assert.Null(rule.Verdict([new(0, 0.1), new(10, 0.35), new(20, 0.1)], 100));

        // Too early, at the end, or with too few to compare with.
        Assert.Null(rule.Verdict([new(0, 0), new(19, 0)], 100));
        Assert.Null(rule.Verdict([new(30, 0)], 30));
        Assert.Null(rule.Verdict([], 30));
        var young = new MedianStop("knn");
        young.Finished([new(0, 0.9)]);
        young.Finished([new(0, 0.9)]);
        young.Finished([new(0, double.NaN)]);
        Assert.Null(young.Verdict([new(20, 0)], 100));
    }

    [Fact]
    public async Task A_hopeless_training_is_asked_to_stop_at_the_probe_that_shows_it()
    {
        var rule = new MedianStop("knn", leastRuns: 1);
        rule.Finished([new(0, 0.5), new(50, 0.7)]);
        var inner = new Scripted([0.1, 0.9, 0.1, 0.1], [0.1, 0.2, 0.3, 0.4]);
        var watched = new WatchedSessions(inner, rule, []);
        Assert.Equal(4, await Follow(watched));
        Assert.Null(watched.Stopped);
        Assert.False(inner.Stopped);
        Assert.Equal(4, await Follow(watched));
        Assert.Contains("knn is at most 0.2 up to step 25", watched.Stopped);
        Assert.True(inner.Stopped);

        static async Task<int> Follow(ITrainingSessions sessions)
        {
            await using var session = await sessions.Open(null!, default);
            var seen = 0;
            await foreach (var news in session.News(default))
                seen += news.Events.Length;
            return seen;
        }
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task A_hopeless_run_of_a_sweep_is_stopped_told_and_goes_on_without_the_rule()
    {
        using var folder = new TestFolder();
        GeneratedImages.Write(folder.In("images"), 32, 10, 1);
        var recipe = folder.Write("small.jsonc", """
            { "method": "simclr", "batch": { "effective": 16, "micro": 16 }, "views": [ { "count": 2, "crop": { "size": 8 } } ],
              "projector": { "shape": "16-8" }, "evaluation": { "everyEpochs": 5 } }
            """);
        string[] sweep = ["sweep", recipe, "--grid", "steps=2,3,4,200", "--data", folder.In("images"), "--runs", folder.In("runs"), "--name", "s"];
        var first = await Invocation.Of([.. sweep[..3], "steps=2,3,4", .. sweep[4..]]);
        Assert.True(first.Code == 0, first.Error);

        // As if the three had been perfect.
        foreach (var steps in new[] { 2, 3, 4 })
            File.AppendAllText(folder.In($"runs/s-steps_{steps}/metrics.jsonl"), "{\"step\":0,\"values\":{\"knn\":1}}\n{\"step\":2,\"values\":{\"knn\":1}}\n");
        var stopped = await Invocation.Of([.. sweep, "--stop-early", "knn"]);
        Assert.True(stopped.Code == 0, stopped.Error);
        Assert.Contains("s-steps_200 was stopped early: knn is at most", stopped.Error);
        Assert.Contains("s-steps_200 (stopped)", stopped.Output);
        Assert.True(MetricsFile.Read(folder.In("runs/s-steps_200/metrics.jsonl")).LastStep < 200);
        var again = await Invocation.Of([.. sweep, "--stop-early", "knn", "--json"]);
        Assert.Contains("the median of 3 finished runs is 1", again.JsonLines[3].GetProperty("stopped").GetString());

        var whole = await Invocation.Of([.. sweep, "--json"]);
        Assert.True(whole.Code == 0, whole.Error);
        Assert.True(whole.JsonLines[3].GetProperty("values").TryGetProperty("linear", out _));
        Assert.Contains("use one of knn", (await Invocation.Of([.. sweep, "--stop-early", "auc"])).ErrorLine);
        Assert.Contains("evaluation.probes lacks rank", (await Invocation.Of([.. sweep, "--stop-early", "rankme"])).ErrorLine);
        Assert.Contains("evaluation.everyEpochs is 0", (await Invocation.Of([.. sweep, "--stop-early", "knn", "--set", "evaluation.everyEpochs=0"])).ErrorLine);
    }

    /// <summary>Trainings of 100 steps with a probe every 25.</summary>
    private sealed class Scripted(params double[][] runs) : ITrainingSessions, ITrainingSession
    {
        private int _next;

        public bool Stopped { get; private set; }

        public string Run => "run";

        public Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken) => Task.FromResult<ITrainingSession>(this);

        public async IAsyncEnumerable<RunNews> News([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            var status = new RunStatus("run", RunPhase.Training, "simclr", 0, 100, 0, 0, 0, 0, 0, "", "", [], 0, []);
            foreach (var (i, value) in runs[_next++].Index())
                yield return new RunNews(status, [new RunEvent(i + 1, RunEventKind.Probe, 25 * i, DateTimeOffset.UnixEpoch, "", null, new() { ["knn"] = value })]);
        }

        public Task Pause() => Task.CompletedTask;

        public Task Continue() => Task.CompletedTask;

        public Task Stop()
        {
            Stopped = true;
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
