using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>Shows a training: a live screen, plain lines, or JSON lines. Called from one thread at a time.</summary>
public interface ITrainingView : IDisposable
{
    /// <summary>Before the first step.</summary>
    void Begin(TrainingRequest request);

    /// <summary>What happened since the last call.</summary>
    void Show(RunNews news);

    /// <summary>After the last news.</summary>
    void End(RunStatus status);
}

/// <summary>Picks the view that fits the screen.</summary>
public static class TrainingViews
{
    public static ITrainingView For(CommandLine.Screen screen) => screen switch
    {
        { Json: true } => new JsonTrainingView(screen),
        { IsTerminal: true } => new LiveTrainingView(screen),
        _ => new PlainTrainingView(screen, TimeProvider.System),
    };
}
