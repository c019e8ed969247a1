using System.Threading.Channels;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Tests;

public class TrainingPresenterTests
{
    [Fact]
    public async Task Ctrl_C_stops_the_run_and_follows_it_to_its_last_news()
    {
        await using var session = new Session();
        using var source = new CancellationTokenSource();
        using var view = new Seen();
        session.Publish(RunPhase.Training, 1);

        var following = TrainingPresenter.Follow(session, view, source.Token);
        await source.CancelAsync();
        var status = await following;

        Assert.True(session.Stopped);
        Assert.Equal(RunPhase.Stopped, status!.Phase);
        Assert.Equal([1L, 2L], view.Steps);
        Assert.Equal(RunPhase.Stopped, view.Ended);
    }

    [Fact]
    public void The_exit_code_follows_the_phase()
    {
        Assert.Equal(ExitCodes.Well, TrainingPresenter.ExitCode(Session.Status(RunPhase.Completed, 1)));
        Assert.Equal(ExitCodes.Failed, TrainingPresenter.ExitCode(null));
        var failure = Assert.Throws<UserErrorException>(() => TrainingPresenter.ExitCode(Session.Status(RunPhase.Failed, 1) with { Message = "the images are gone" }));
        Assert.Equal("the images are gone", failure.Message);
    }

    private sealed class Session : ITrainingSession
    {
        private readonly Channel<RunNews> _news = Channel.CreateUnbounded<RunNews>();

        public string Run => "r";

        public bool Stopped { get; private set; }

        public static RunStatus Status(RunPhase phase, long step) => new("r", phase, "simclr", step, 10, 0, 0, 0, 0, 0, "", "", [], 0, []);

        public void Publish(RunPhase phase, long step) => _news.Writer.TryWrite(new RunNews(Status(phase, step), []));

        public IAsyncEnumerable<RunNews> News(CancellationToken cancellationToken) => _news.Reader.ReadAllAsync(cancellationToken);

        public Task Pause() => Task.CompletedTask;

        public Task Continue() => Task.CompletedTask;

        public Task Stop()
        {
            Stopped = true;
            Publish(RunPhase.Stopped, 2);
            _news.Writer.Complete();
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Seen : ITrainingView
    {
        public List<long> Steps { get; } = [];

        public RunPhase? Ended { get; private set; }

        public void Begin(TrainingRequest request)
        {
        }

        public void Show(RunNews news) => Steps.Add(news.Status.Step);

        public void End(RunStatus status) => Ended = status.Phase;

        public void Dispose()
        {
        }
    }
}
