using System.Diagnostics;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using SslOrleans.Contracts;
using SslOrleans.Grains.Tests.Storage;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Grains.Tests.Membership;

/// <summary>What may be wrong with a membership file, and what its users' deaths leave in it.</summary>
public sealed class MembershipFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => new MembershipFile(_folder.Root).Path;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("PRAGMA user_version = 7", "is of version 7, this program knows 1")]
    [InlineData("PRAGMA application_id = 7", "is no membership file of this program")]
    public void A_file_of_another_version_or_program_is_named_and_left_alone(string change, string expected)
    {
        new FolderCluster(_folder.Root).Enter();
        Execute(change);
        var before = File.ReadAllBytes(Path);
        AssertRefused(expected, () => new FolderCluster(_folder.Root).Enter());
        AssertRefused(expected, () => new FolderCluster(_folder.Root).Living());
        Assert.Equal(before, File.ReadAllBytes(Path));
    }

    [Fact]
    public void A_file_that_is_no_database_is_named_and_left_alone()
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path, new string('x', 5000));
        AssertRefused("is damaged or no database", () => new FolderCluster(_folder.Root).Enter());
        Assert.Equal(new string('x', 5000), File.ReadAllText(Path));
    }

    [Fact]
    public void A_file_that_somebody_holds_is_named_after_a_while_and_used_when_he_lets_go()
    {
        var cluster = new FolderCluster(_folder.Root, patience: TimeSpan.FromSeconds(0.3));
        cluster.Enter();
        using (var other = Open())
        {
            using var held = other.BeginTransaction();
            AssertRefused("is locked by another program, for more than 0.3 s", () => cluster.Enter());

            // Looking needs no lock.
            Assert.Empty(cluster.Living());
        }

        cluster.Enter();
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        var file = _folder["file"];
        File.WriteAllText(file, "");
        AssertRefused("cannot be written", () => new FolderCluster(System.IO.Path.Combine(file, "runs")).Enter());
        AssertRefused("name a folder that may be written with --runs", () => new FolderCluster(file).Enter());
    }

    [Fact]
    public async Task A_full_disk_is_named_and_what_was_there_stays()
    {
        var table = MembershipTableTests.Open(new MembershipFile(_folder.Root));
        var entry = MembershipTableTests.Entry();
        Assert.True(await table.InsertRow(entry, (await table.ReadAll()).Version.Next()));
        entry.SiloName = new string('x', 1 << 20);

        // A file system of its own, as small as it gets, in the child's namespace only.
        const string Script = "mount -t tmpfs -o size=256k none \"$2\" && cp -r \"$1/.cluster\" \"$2\" && dotnet exec \"$3\" && cp -r \"$2/.cluster\" \"$1/after\"";
        var small = Directory.CreateDirectory(_folder["small"]).FullName;
        using var child = ChildProcess.Start("fill", small, "unshare", "-rm", "sh", "-c", Script, "sh", _folder.Root, small, typeof(MembershipFileTests).Assembly.Location);
        var (output, error) = (child.StandardOutput.ReadToEndAsync(), child.StandardError.ReadToEndAsync());
        await child.WaitForExitAsync();
        Assert.SkipWhen((await error).Contains("unshare", StringComparison.Ordinal) || (await error).Contains("mount", StringComparison.Ordinal), $"no file system can be made here: {await error}");
        Assert.True(child.ExitCode == 0, $"{await output}{await error}");
        Assert.Contains("cannot be written: no space is left on its disk", await output, StringComparison.Ordinal);

        File.Delete(Path);
        Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, true);
        Directory.Move(_folder["after"], System.IO.Path.GetDirectoryName(Path)!);
        var after = await MembershipTableTests.Open(new MembershipFile(_folder.Root)).ReadAll();
        Assert.Equal("a silo", after.TryGet(entry.SiloAddress)!.Item1.SiloName);
        Assert.Equal("ok", Integrity());
    }

    [Fact]
    public void Nobody_sees_a_file_that_is_half_made()
    {
        // What a process that was killed while it made one has left.
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(Path)!);
        File.WriteAllText(Path + ".new", "half");
        File.WriteAllText(Path + "-wal", "of a file that was deleted");
        Assert.Empty(new FolderCluster(_folder.Root).Living());
        var names = Enumerable.Range(0, 8).AsParallel().WithDegreeOfParallelism(8).Select(_ => new FolderCluster(_folder.Root).Enter()).ToList();
        Assert.Single(names.Distinct());
        Assert.Equal("ok", Integrity());
    }

    /// <summary>Row and version change together or not at all, whenever SIGKILL comes.</summary>
    [Fact]
    public async Task A_writer_that_is_killed_leaves_the_last_commit()
    {
        var file = new MembershipFile(_folder.Root);
        var seen = 0;
        for (var round = 0; round < 4; round++)
        {
            using var writer = ChildProcess.Writer(_folder.Root);
            for (var begun = seen; seen < begun + 20 + (7 * round);)
            {
                Assert.False(writer.HasExited, writer.HasExited ? await writer.StandardError.ReadToEndAsync() : "");
                seen = file.Look()?.Version ?? 0;
            }

            writer.Kill();
            await writer.WaitForExitAsync();
            var left = file.Look()!;
            Assert.True(left.Version >= seen);
            Assert.Equal($"{left.Version}", Assert.Single(left.Members).Name);
            Assert.Equal("ok", Integrity());
            seen = left.Version;
        }
    }

    [Fact]
    public async Task Silos_whose_processes_are_gone_are_dead_for_the_next_and_nobody_left_is_an_empty_table()
    {
        using var sleeper = Process.Start("sleep", "600");
        var living = SiloProcess.Begin();
        var gone = await ProcessThatWasKilled();
        var (here, dead) = (MembershipTableTests.Entry(SiloStatus.Active), MembershipTableTests.Entry(SiloStatus.Active));
        var file = new MembershipFile(_folder.Root);
        file.Write(session =>
        {
            session.Put(Member.Of(here, "1") with { Process = living });
            session.Put(Member.Of(dead, "2") with { Process = gone });
            session.Advance(2);
            return true;
        });
        var cluster = new FolderCluster(_folder.Root);
        Assert.Equal(here.SiloAddress.Endpoint, Assert.Single(cluster.Living()).Address);
        Assert.Single(await new SqliteGateways(file).GetGateways());

        cluster.Enter();
        var table = MembershipTableTests.Open(file);
        var data = await table.ReadAll();
        Assert.Equal((SiloStatus.Active, SiloStatus.Dead, 3), (data.TryGet(here.SiloAddress)!.Item1.Status, data.TryGet(dead.SiloAddress)!.Item1.Status, data.Version.Version));

        // The one that lived is over too: a cluster that begins now has nobody to ask.
        living.End();
        cluster.Enter();
        data = await table.ReadAll();
        Assert.Empty(data.Members);
        Assert.Equal(4, data.Version.Version);
        sleeper.Kill();
    }

    [Theory]
    [InlineData("another", null)]
    [InlineData(null, "net:[1]")]
    public void A_folder_of_silos_that_cannot_be_reached_from_here_is_refused_by_their_name(string? machine, string? network)
    {
        var self = SiloProcess.Begin();
        var other = self with { Boot = machine ?? self.Boot, Host = machine ?? self.Host, Network = network ?? self.Network, Life = self.Life };
        Put(MembershipTableTests.Entry(SiloStatus.Active), other);
        AssertRefused($"belongs to a cluster on {other.Host} (silo a silo, process {other.Id})", () => new FolderCluster(_folder.Root).Enter());
        AssertRefused($"belongs to a cluster on {other.Host}", () => new FolderCluster(_folder.Root).Living());

        // Nothing was heard of them for a while, or their machine was started anew: they are no obstacle.
        var silent = MembershipTableTests.Entry(SiloStatus.Active);
        (silent.StartTime, silent.IAmAliveTime) = (DateTime.UtcNow.AddMinutes(-9), DateTime.UtcNow.AddMinutes(-2));
        self.End();
        File.Delete(Path);
        Put(silent, other);
        Put(MembershipTableTests.Entry(SiloStatus.Active), self with { Boot = "an earlier one" });
        new FolderCluster(_folder.Root).Enter();
        Assert.Empty(new MembershipFile(_folder.Root).Look()!.Members);
    }

    [Fact]
    public void Two_names_cannot_share_a_folder()
    {
        Assert.Equal("mine", new FolderCluster(_folder.Root, "mine").Enter());
        Assert.Equal("mine", new FolderCluster(_folder.Root).Enter());
        AssertRefused("--cluster is \"yours\"", () => new FolderCluster(_folder.Root, "yours").Enter());
    }

    [Fact]
    public void A_folder_gives_its_cluster_the_same_name_again()
    {
        using var other = new TemporaryFolder();
        var name = new FolderCluster(_folder.Root).Enter();
        Directory.Delete(System.IO.Path.GetDirectoryName(Path)!, true);
        File.CreateSymbolicLink(other["link"], _folder.Root);
        Assert.Equal(name, new FolderCluster(other["link"]).Enter());
        Assert.NotEqual(name, new FolderCluster(other.Root).Enter());
    }

    /// <summary>A running cluster writes what it knows of itself into the new file, and whoever joined meanwhile learns of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_that_is_deleted_under_a_running_cluster_is_written_again(bool somebodyWasQuicker)
    {
        var file = new MembershipFile(_folder.Root);
        var entries = Enumerable.Range(0, 3).Select(_ => MembershipTableTests.Entry(SiloStatus.Active)).ToList();
        using var first = MembershipTableTests.Open(file, entries[0].SiloAddress);
        using var second = MembershipTableTests.Open(file, entries[1].SiloAddress);
        Assert.True(await first.InsertRow(entries[0], (await first.ReadAll()).Version.Next()));
        Assert.True(await second.InsertRow(entries[1], (await second.ReadAll()).Version.Next()));
        var gone = MembershipTableTests.Entry(SiloStatus.Active);
        var killed = await ProcessThatWasKilled();
        file.Write(s => { s.Put(Member.Of(gone, "gone") with { Process = killed }); s.Advance(3); return true; });
        var known = (await first.ReadAll()).Version;
        await second.ReadAll();

        Directory.Delete(file.Folder, recursive: true);
        using var third = MembershipTableTests.Open(file, entries[2].SiloAddress);
        if (somebodyWasQuicker)
            Assert.True(await third.InsertRow(entries[2], (await third.ReadAll()).Version.Next()));
        Assert.False(await first.UpdateRow(entries[0], "an etag of old", known.Next()));
        var (afterFirst, afterSecond) = (await first.ReadAll(), await second.ReadAll());

        Assert.Equal(JsonSerializer.Serialize(afterFirst.Members.Select(m => m.Item1.ToFullString())), JsonSerializer.Serialize(afterSecond.Members.Select(m => m.Item1.ToFullString())));
        Assert.Equal(entries.Take(somebodyWasQuicker ? 3 : 2).Select(e => e.SiloAddress).Order(), afterFirst.Members.Select(m => m.Item1.SiloAddress).Order());
        Assert.True(afterFirst.Version.Version > known.Version, $"{afterFirst.Version} is no newer than {known}");
        Assert.Equal(afterFirst.Version, afterSecond.Version);
        Assert.Equal(2, new FolderCluster(_folder.Root).Living().Count(s => s.ProcessId == Environment.ProcessId && entries.Take(2).Any(e => e.SiloAddress.Endpoint.Equals(s.Address))) - (somebodyWasQuicker ? 1 : 0));
    }

    private static void AssertRefused(string expected, Action action)
    {
        var error = Assert.Throws<UserErrorException>(action);
        Assert.True(error.Message.Contains(expected, StringComparison.Ordinal), error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    private void Put(MembershipEntry entry, SiloProcess process) => new MembershipFile(_folder.Root).Write(session =>
    {
        session.Put(Member.Of(entry, "1") with { Process = process });
        return true;
    });

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection($"Data Source={Path};Pooling=False");
        connection.Open();
        return connection;
    }

    private object? Execute(string sql)
    {
        using var connection = Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar();
    }

    private string Integrity() => (string)Execute("PRAGMA integrity_check")!;

    /// <summary>What a row says whose process has been killed since.</summary>
    private async Task<SiloProcess> ProcessThatWasKilled()
    {
        using var folder = new TemporaryFolder();
        using var child = ChildProcess.Writer(folder.Root);
        var file = new MembershipFile(folder.Root);
        SiloProcess? written = null;
        while (written is null)
        {
            Assert.False(child.HasExited);
            written = file.Look()?.Members.SingleOrDefault()?.Process;
        }

        Assert.Equal((child.Id, ProcessState.Alive), (written.Id, written.Look()));
        child.Kill();
        await child.WaitForExitAsync();
        Assert.Equal(ProcessState.Gone, written.Look());
        return written;
    }

}
