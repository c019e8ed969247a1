using System.Net.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SslOrleans.Contracts;

namespace SslOrleans.Silo;

/// <summary>
/// A silo that takes part for as long as it is wanted. It tries to join for as long as it takes; when the others have declared it dead,
/// because its network was cut or its machine stood still, what is left of it ends and a new generation of it joins from this process.
/// </summary>
public sealed class SupervisedSilo : IAsyncDisposable
{
    /// <summary>Orleans tells generations of a silo apart by the second of their start.</summary>
    private static readonly TimeSpan s_generation = TimeSpan.FromSeconds(1.5);

    /// <summary>A silo that takes longer to join says what it waits for.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(5);

    /// <summary>A silo that nobody listens to any more has nothing to hand over; its threads and ports must be free for the next one.</summary>
    private static readonly TimeSpan s_burial = TimeSpan.FromSeconds(10);

    /// <summary>Of a silo that was given up before it had joined; its process ends.</summary>
    private static readonly TimeSpan s_haste = TimeSpan.FromSeconds(0.5);

    private readonly SiloSettings _settings;
    private readonly Action<string> _tell;
    private readonly Action<bool> _takesPart;
    private readonly CancellationTokenSource _ending = new();
    private IHost _host;
    private bool _isHere = true;
    private Task _watching = Task.CompletedTask;

    private SupervisedSilo(SiloSettings settings, IHost host, Action<string> tell, Action<bool> takesPart)
        => (_settings, _host, _tell, _takesPart) = (settings, host, tell, takesPart);

    /// <summary>Of the generation that takes part, or took part last.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>Returns when the silo has joined.</summary>
    /// <param name="settings">How it is started; with ports.</param>
    /// <param name="tell">Is told, in a line, what it waits for and why it begins anew.</param>
    /// <param name="takesPart">Is told when it takes part and when no longer.</param>
    /// <param name="cancellation">Gives it up.</param>
    /// <exception cref="UserErrorException">Waiting will not help.</exception>
    public static async Task<SupervisedSilo> StartAsync(SiloSettings settings, Action<string> tell, Action<bool>? takesPart = null, CancellationToken cancellation = default)
    {
        takesPart ??= _ => { };
        var silo = new SupervisedSilo(settings, await Join(settings, tell, again: false, cancellation), tell, takesPart);
        takesPart(true);
        silo._watching = silo.Watch();
        return silo;
    }

    /// <summary>Hands back and leaves; what is not over by the limit is given up, as if the silo had been killed then.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        await _ending.CancelAsync();
        await _watching;
        if (!_isHere)
            return;
        _takesPart(false);
        await Draining.StopAsync(_host, _settings, limit);
    }

    public ValueTask DisposeAsync()
    {
        _host.Dispose();
        _ending.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task Watch()
    {
        try
        {
            while (true)
            {
                var end = _host.Services.GetRequiredService<SiloEnd>();
                var reason = await end.Reason.WaitAsync(_ending.Token);
                _isHere = false;
                _takesPart(false);
                _tell(_host.Services.GetRequiredService<ISiloStatusOracle>().CurrentStatus == SiloStatus.Dead
                    ? $"silo {_settings.Name} was declared dead by the others while it did not answer them; it joins again"
                    : $"silo {_settings.Name} cannot go on ({reason}); it joins again");
                await Bury(_host, s_burial);
                _host = await Join(_settings, _tell, again: true, _ending.Token);
                _isHere = true;
                _takesPart(true);
                _tell($"silo {_settings.Name} is back");
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
        }
    }

    /// <summary>Ends what is left of a silo, also of one that never came to run.</summary>
    private static async Task Bury(IHost host, TimeSpan limit)
    {
        var atOnce = new CancellationToken(canceled: true);
        var stopping = host.StopAsync(atOnce);
        await stopping.WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

        // Orleans refuses to stop what did not come to run, but its ports are open.
        if (stopping.IsFaulted)
            await host.Services.GetRequiredService<ISiloLifecycleSubject>().OnStop(atOnce).WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(host.Dispose).WaitAsync(limit).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async Task<IHost> Join(SiloSettings settings, Action<string> tell, bool again, CancellationToken cancellation)
    {
        var said = "";
        while (true)
        {
            var next = Task.Delay(s_generation, cancellation);
            IHost? host = null;
            try
            {
                host = SiloHost.Build(settings);
                await Start(host, () => Say($"silo {settings.Name} waits for {host.Services.GetRequiredService<Joining>().WaitsFor ?? $"{Whom(settings)} to let it in"}"), cancellation);
                return host;
            }
            catch (Exception e) when (again ? !cancellation.IsCancellationRequested : MayPass(settings, e))
            {
                var clock = host is null ? "" : await ClockDifference.Advice(host);
                if (host is not null)
                    await Bury(host, s_burial);
                Say($"silo {settings.Name} cannot join {Whom(settings)} yet ({e.GetBaseException().Message.Split('\n')[0].Trim()}){clock}; it tries again until it can");
                await next;
            }
            catch
            {
                if (host is not null)
                    await Bury(host, s_haste);
                throw;
            }
        }

        void Say(string text)
        {
            if (text != said)
                tell(text);
            said = text;
        }
    }

    /// <exception cref="SiloUnavailableException">It was declared dead before it had joined.</exception>
    private static async Task Start(IHost host, Action waits, CancellationToken cancellation)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var (starting, end) = (host.StartAsync(giveUp.Token), host.Services.GetRequiredService<SiloEnd>().Reason);
        while (await Task.WhenAny(starting, end, Task.Delay(s_quiet, cancellation)) is var first && first != starting)
        {
            if (first == end)
            {
                await giveUp.CancelAsync();
                throw new SiloUnavailableException(await end);
            }

            cancellation.ThrowIfCancellationRequested();
            waits();
        }

        await starting;
    }

    private static string Whom(SiloSettings settings) => settings.Cluster.Membership switch
    {
        MembershipKind.Folder => $"the cluster of {settings.Cluster.Folder ?? settings.Storage}",
        MembershipKind.Primary when settings.Cluster.Primary is { } other => $"the cluster at {other}",
        _ => "the cluster",
    };

    /// <summary>A cluster that is not there yet, cannot be reached or has no time; a first silo waits for nobody.</summary>
    private static bool MayPass(SiloSettings settings, Exception e)
        => (settings.Cluster.Membership != MembershipKind.Primary || settings.Cluster.Primary is not null)
            && e is not (UserErrorException or OrleansConfigurationException)
            && e.GetBaseException() is OrleansException or TimeoutException or SocketException or Azure.RequestFailedException;
}
