using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using SslOrleans.Client.Chaos;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo chaos</c>: the project's sentence, put to the test.</summary>
public static class ChaosCommand
{
    public static Command Build(Screen screen)
    {
        var recipe = CommonOptions.Recipe();
        var data = CommonOptions.Data();
        var set = CommonOptions.Set();
        var runs = CommonOptions.Runs();
        var steps = new Option<long>("--steps") { Description = "Steps of each run.", DefaultValueFactory = _ => 40 };
        var workers = new Option<int>("--workers") { Description = "Worker processes of the disturbed run.", DefaultValueFactory = _ => 3 };
        var kills = new Option<int>("--kills") { Description = "Workers killed with SIGKILL; for every three also one hang, one clean leave and one join.", DefaultValueFactory = _ => 5 };
        var seed = new Option<ulong>("--seed") { Description = "Of the schedule; the same seed does the same things.", DefaultValueFactory = _ => 0UL };
        var rounds = new Option<int>("--rounds") { Description = "Disturbed runs, each with the next seed; the undisturbed one is trained once.", DefaultValueFactory = _ => 1 };
        var targets = new Option<string>("--targets")
        {
            Description = "Who is killed in turn, separated by commas: workers, parameters (silos that hold slices), first (the one in which the run began, slices and all; it is then a process of its own), "
                + "storage (the run's blobs are in Azurite, which is ended in order and is away for 1 to 5 s; a SIGKILL would lose what it has acknowledged and not yet written).",
            DefaultValueFactory = _ => "workers",
        };
        var partitions = new Option<int>("--partitions")
        {
            Description = "Times that the network of a host fails for 0.3 to 9 s, in one of the ways that --faults names. Takes --hosts.",
            DefaultValueFactory = _ => 0,
        };
        var faults = new Option<string>("--faults")
        {
            Description = "How networks fail, separated by commas: cut, mute (what the host sends is lost), deaf, lossy (one packet of ten is lost), narrow (20 Mbit/s), late (100 ms), disordered (packets overtake each other). All by default.",
            DefaultValueFactory = _ => "",
        };
        var faultSeconds = new Option<double>("--fault-seconds") { Description = "Length of every partition, instead of a drawn one." };
        var hosts = new Option<int>("--hosts") { Description = "Spreads the processes over so many hosts with addresses of their own (network namespaces of this machine; takes root)." };
        var azurite = new Option<string?>("--azurite") { Description = "For --targets storage: azurite-blob, or a script for node that starts it and ends it when its input ends; by default azurite-blob of the PATH.", HelpName = "program" };
        var minutes = new Option<double>("--minutes") { Description = "Disturbed runs with one seed after the other for so long, up to the first difference; instead of --rounds." };
        var command = new Command("chaos", "Trains undisturbed with one worker, then with workers that are killed, hang, leave and join, and compares every bit.")
        {
            recipe, data, set, runs, steps, workers, kills, seed, rounds, targets, partitions, faults, faultSeconds, hosts, azurite, minutes,
        };
        command.SetAction(async (parsed, cancellation) =>
        {
            var aimed = Targets(parsed.GetRequiredValue(targets));
            var kinds = Faults(parsed.GetRequiredValue(faults));
            var overrides = parsed.GetValue(set)!.Append($"steps={parsed.GetValue(steps).ToString(CultureInfo.InvariantCulture)}").Append("evaluation.knn=false");
            var read = RecipeReader.Read(ProjectFiles.FindRecipe(parsed.GetRequiredValue(recipe)), overrides);
            var path = parsed.GetValue(data) ?? read.Data.Path;
            if (path.Length == 0)
                throw new UserErrorException("chaos needs images; give --data PATH, or make some with `sslo data generate data/generated`.");
            var program = aimed.Contains(ChaosTarget.Storage) ? ChaosStorage.Program(parsed.GetValue(azurite), path) : null;
            Check(parsed.GetValue(partitions), parsed.GetValue(hosts), aimed);
            if (parsed.GetValue(faultSeconds) is var length and not (>= 0 and <= 600))
                throw new UserErrorException(FormattableString.Invariant($"--fault-seconds is {length}; give up to 600 seconds, or 0 to have them drawn."));
            var network = HostNetwork.OfThisProcess();
            if (parsed.GetValue(hosts) > 0 && network is null)
            {
                using var made = HostNetwork.Create(parsed.GetValue(hosts));
                return await made.RunSelf(cancellation);
            }

            var folder = parsed.GetRequiredValue(runs);
            if (new FolderCluster(folder).Living() is [var other, ..])
                throw new UserErrorException($"Silo {other.Name} (process {other.ProcessId}) of another training lives in {folder}, and chaos would take its workers for its own; end it, or name another folder with --runs.");
            var calm = await Go(screen, Fresh(folder, $"chaos-{read.Name}-calm", read, path, 1), [], [], null, null, cancellation);
            var (allEqual, clock) = (true, Stopwatch.StartNew());
            for (var round = 0; GoesOn(round); round++)
            {
                var roundSeed = parsed.GetValue(seed) + (ulong)round;
                var schedule = ChaosSchedule.Make(roundSeed, parsed.GetValue(steps), parsed.GetValue(kills), aimed, parsed.GetValue(partitions), kinds, parsed.GetValue(faultSeconds));
                var request = Fresh(folder, $"chaos-{read.Name}-{roundSeed}", read, path, parsed.GetValue(workers));
                var disturbed = await Go(screen, request, schedule, aimed, network, program, cancellation);
                allEqual &= ChaosReport.Print(screen, read, roundSeed, calm, disturbed);
            }

            bool GoesOn(int round) => parsed.GetValue(minutes) > 0
                ? allEqual && clock.Elapsed.TotalMinutes < parsed.GetValue(minutes)
                : round < parsed.GetValue(rounds);

            return allEqual ? ExitCodes.Well : ExitCodes.Failed;
        });
        return command;
    }

    /// <summary>The first silo was called the primary when every other process ended with it.</summary>
    /// <exception cref="UserErrorException">A name is none of the targets.</exception>
    private static ChaosTarget[] Targets(string text)
        => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            name == "primary" ? ChaosTarget.First : Enum.TryParse<ChaosTarget>(name, ignoreCase: true, out var target) && Enum.IsDefined(target) && !char.IsDigit(name[0])
                ? target
                : throw new UserErrorException($"--targets has \"{name}\"; name workers, parameters, first or storage, separated by commas."))];

    /// <exception cref="UserErrorException">A name is none of the faults.</exception>
    private static NetworkFault[] Faults(string text)
        => [.. text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(name =>
            Enum.GetValues<NetworkFault>().Where(f => name.Equals(f.ToString(), StringComparison.OrdinalIgnoreCase)).Select(f => (NetworkFault?)f).FirstOrDefault()
                ?? throw new UserErrorException($"--faults has \"{name}\"; name cut, mute, deaf, lossy, narrow, late or disordered, separated by commas."))];

    /// <exception cref="UserErrorException">The options contradict each other.</exception>
    private static void Check(int partitions, int hosts, IReadOnlyList<ChaosTarget> targets)
    {
        if (partitions < 0)
            throw new UserErrorException($"--partitions is {partitions}; give 0 or more.");
        if (hosts is < 0 or 1 or > 200)
            throw new UserErrorException($"--hosts is {hosts}; give 2 to 200 (the run begins on one, the others share the rest of the processes), or leave it out.");
        if (partitions > 0 && hosts == 0)
            throw new UserErrorException($"--partitions {partitions} takes hosts whose networks can fail; add --hosts 4.");
        if (hosts > 0 && targets.FirstOrDefault(t => t is ChaosTarget.First or ChaosTarget.Storage) is var target and not ChaosTarget.Workers)
            throw new UserErrorException($"--targets has {target.ToString().ToLowerInvariant()}, but on --hosts the silos find each other by the first one's address, and Azurite is on this machine's own network; leave it out.");
    }

    private static async Task<ChaosOutcome> Go(
        Screen screen, TrainingRequest request, IReadOnlyList<ChaosEvent> schedule, IReadOnlyList<ChaosTarget> targets, HostNetwork? network, string? azurite, CancellationToken cancellation)
    {
        screen.Line(schedule.Count == 0 ? $"{request.Run}: one worker, undisturbed" : $"{request.Run}: {request.Workers.Number} workers, {schedule.Count} events");
        if (azurite is null)
            return await new ChaosRun(request, schedule, targets, network, null, Tell).Go(cancellation);
        var (storage, there) = await ChaosStorage.Start(azurite, request);
        await using (storage)
            return await new ChaosRun(there, schedule, targets, null, storage, Tell).Go(cancellation);

        void Tell(string text) => screen.Line($"  {text}");
    }

    private static TrainingRequest Fresh(string folder, string run, Recipe recipe, string data, int workers)
    {
        var request = new TrainingRequest(run, recipe, data, folder, Workers: workers, Device: "cpu");
        if (Directory.Exists(request.Folder))
            Directory.Delete(request.Folder, recursive: true);
        return request;
    }
}
