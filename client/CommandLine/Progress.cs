using System.Diagnostics;
using System.Globalization;
using Spectre.Console;

namespace SslOrleans.Client.CommandLine;

/// <summary>How far a long task is: a bar in place on a terminal, else a line on standard error every few seconds.</summary>
public static class Progress
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(5);

    /// <summary>Runs a task that reports how much of <paramref name="total"/> is done.</summary>
    /// <param name="screen">Where to show it.</param>
    /// <param name="what">What is done, as in "packing train".</param>
    /// <param name="total">All of it; 0 or less when unknown.</param>
    /// <param name="text">An amount for people, as in "12.3 MB".</param>
    /// <param name="work">The task; it reports what is done so far.</param>
    public static async Task<T> Run<T>(Screen screen, string what, double total, Func<double, string> text, Func<IProgress<double>, Task<T>> work)
    {
        if (!screen.IsTerminal || screen.Json)
            return await work(new Lines(screen, what, total, text));
        return await screen.Console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(), new SpinnerColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(what), maxValue: total > 0 ? total : 1);
                task.IsIndeterminate = total <= 0;
                return await work(new Bar(task, what, text));
            });
    }

    /// <summary>How much of it is done, and how long the rest takes at the speed until now; empty where nobody knows how much it is.</summary>
    public static string Share(double done, double total, TimeSpan elapsed)
        => total <= 0 || done <= 0
            ? ""
            : string.Create(CultureInfo.InvariantCulture, $" ({Math.Min(1, done / total):P0}, {DurationText.Of(elapsed * Math.Max(0, (total - done) / done))} left)");

    private sealed class Bar(ProgressTask task, string what, Func<double, string> text) : IProgress<double>
    {
        public void Report(double value)
        {
            task.Value = value;
            task.Description = Markup.Escape($"{what} {text(value)}");
        }
    }

    private sealed class Lines(Screen screen, string what, double total, Func<double, string> text) : IProgress<double>
    {
        private readonly Lock _lock = new();
        private readonly long _began = Stopwatch.GetTimestamp();
        private long _last = Stopwatch.GetTimestamp();

        public void Report(double value)
        {
            lock (_lock)
            {
                if (Stopwatch.GetElapsedTime(_last) < s_pause)
                    return;
                _last = Stopwatch.GetTimestamp();
            }

            screen.Note($"{what}: {text(value)}{Share(value, total, Stopwatch.GetElapsedTime(_began))}");
        }
    }
}
