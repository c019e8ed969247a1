using Spectre.Console;
using Spectre.Console.Rendering;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Client.Training;

/// <summary>One screen that refreshes in place; leaves its last state on the terminal.</summary>
public sealed class LiveTrainingView(Screen screen) : ITrainingView
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);
    private readonly TaskCompletionSource _done = new();
    private TrainingBoard? _board;
    private LiveDisplayContext? _context;
    private Task _live = Task.CompletedTask;
    private long _shown;

    public void Begin(TrainingRequest request)
    {
        if (request.DashboardAddress is { } address)
            screen.Line($"dashboard: {address}");
        _board = new TrainingBoard(request);
        var live = screen.Console.Live(TrainingPicture.Draw(_board, screen.Console.Profile.Width))
            .AutoClear(false)
            .Overflow(VerticalOverflow.Crop);
        _live = live.StartAsync(async context =>
        {
            _context = context;
            await _done.Task;
        });
    }

    public void Show(RunNews news)
    {
        _board!.Take(news);
        if (TimeProvider.System.GetElapsedTime(_shown) < s_pause)
            return;
        _shown = TimeProvider.System.GetTimestamp();
        Refresh();
    }

    public void End(RunStatus status)
    {
        Refresh();
        Dispose();
        screen.Line($"{status.Phase.ToString().ToLowerInvariant()} at step {status.Step}"
            + (status.WeightsHash.Length > 0 ? $", weights {status.WeightsHash}" : "")
            + (status.Message.Length > 0 ? $": {status.Message}" : ""));
    }

    public void Dispose()
    {
        _done.TrySetResult();
        _live.GetAwaiter().GetResult();
    }

    private void Refresh()
    {
        IRenderable picture = TrainingPicture.Draw(_board!, screen.Console.Profile.Width);
        _context?.UpdateTarget(picture);
    }
}
