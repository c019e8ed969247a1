using System.Runtime.InteropServices;

namespace SslOrleans.Client.CommandLine;

/// <summary>Ctrl-C and SIGTERM as a cancellation: the first asks, the second ends the process with the same exit code.</summary>
public sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <param name="listen">False: only <see cref="Interrupt"/> interrupts.</param>
    /// <param name="ignoreInterrupt">Ctrl-C does nothing; SIGTERM still does.</param>
    public Interruption(bool listen = true, bool ignoreInterrupt = false)
    {
        if (!listen)
            return;
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            if (ignoreInterrupt)
                context.Cancel = true;
            else
                Handle(context, 130);
        }));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, 143)));
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => _source.Token;

    /// <summary>128 + the signal's number once one came; 0 before.</summary>
    public int ExitCode { get; private set; }

    /// <summary>What a signal does, for callers that are no terminal.</summary>
    public void Interrupt(int exitCode = 130)
    {
        ExitCode = exitCode;
        _source.Cancel();
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
        _source.Dispose();
    }

    private void Handle(PosixSignalContext context, int exitCode)
    {
        if (ExitCode != 0)
            Environment.Exit(exitCode);
        context.Cancel = true;
        Interrupt(exitCode);
    }
}
