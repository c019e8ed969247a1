using Microsoft.Extensions.Hosting;

namespace SslOrleans.Silo;

/// <summary>
/// Leaves Ctrl-C and SIGTERM to the program around the silo. The host's own handling would take the silo down at once,
/// while the run still has a step to commit.
/// </summary>
internal sealed class SignalsElsewhere : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
