using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>Carries the news of a session to a view, and Ctrl-C to the session.</summary>
public static class TrainingPresenter
{
    /// <summary>Follows the session to its end; on cancellation asks it to stop and follows it to that end.</summary>
    /// <returns>The last status.</returns>
    public static async Task<RunStatus?> Follow(ITrainingSession session, ITrainingView view, CancellationToken cancellationToken)
    {
        RunStatus? last = null;
        Task stopping = Task.CompletedTask;
        await using (cancellationToken.Register(() => stopping = session.Stop()))
        {
            await foreach (var news in session.News(CancellationToken.None))
            {
                view.Show(news);
                last = news.Status;
            }
        }

        await stopping;
        if (last is not null)
            view.End(last);
        return last;
    }

    /// <summary>The exit code that an ended run asks for.</summary>
    public static int ExitCode(RunStatus? status) => status?.Phase switch
    {
        RunPhase.Completed or RunPhase.Stopped => ExitCodes.Well,
        RunPhase.Failed => throw new UserErrorException(status.Message),
        _ => ExitCodes.Failed,
    };
}
