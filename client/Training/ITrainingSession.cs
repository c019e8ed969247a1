using SslOrleans.Contracts.Messages;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.Training;

/// <summary>What the user asked to train.</summary>
/// <param name="Run">Name of the run, and of its folder.</param>
/// <param name="Recipe">Read, overridden and checked.</param>
/// <param name="DataPath">Where the images are.</param>
/// <param name="RunsFolder">Folder that holds the run's folder.</param>
/// <param name="Resume">True when the run exists and goes on.</param>
/// <param name="Workers">Worker processes.</param>
/// <param name="Device">cpu, cuda, cuda:1 …; null chooses.</param>
public sealed record TrainingRequest(
    string Run,
    Recipe Recipe,
    string DataPath,
    string RunsFolder,
    bool Resume = false,
    WorkerCount Workers = default,
    string? Device = null)
{
    /// <summary>File with the private key that signs the ledger; null: it is not signed.</summary>
    public string? SigningKey { get; init; }

    /// <summary>Where the dashboard is to listen: a port, an address with or without one, or off; null chooses.</summary>
    public string? Dashboard { get; init; }

    /// <summary>The dashboard's address once there is one.</summary>
    public string? DashboardAddress { get; init; }

    /// <summary>Where the run is kept when that is not its folder: a container of blobs. The folder then has only what belongs to this machine.</summary>
    public string? Container { get; init; }

    /// <summary>Where the run is kept.</summary>
    public string Storage => Container ?? RunsFolder;

    /// <summary>The run's own folder.</summary>
    public string Folder => Path.Combine(RunsFolder, Run);
}

/// <summary>
/// A training that goes on somewhere: in this process or in a silo. Disposing it lets go of it without stopping the run
/// where the run can live on by itself.
/// </summary>
public interface ITrainingSession : IAsyncDisposable
{
    string Run { get; }

    /// <summary>Address of the page that shows it; null when there is none.</summary>
    string? Dashboard => null;

    /// <summary>News in order, from the session's start until the run is completed, stopped or failed.</summary>
    IAsyncEnumerable<RunNews> News(CancellationToken cancellationToken);

    Task Pause();

    Task Continue();

    /// <summary>Ends the run after the step under way, with a checkpoint; <see cref="News"/> then ends.</summary>
    Task Stop();
}

/// <summary>Starts and resumes trainings.</summary>
public interface ITrainingSessions
{
    /// <exception cref="Contracts.UserErrorException">The name is taken, the data is missing, or the recipe does not fit it.</exception>
    Task<ITrainingSession> Open(TrainingRequest request, CancellationToken cancellationToken);
}
