using System.Diagnostics;
using System.Runtime.CompilerServices;
using SslOrleans.Contracts;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Grains.Tests.Membership;

/// <summary>What this assembly does as a process that a test has started to kill it, instead of running tests.</summary>
internal static class ChildProcess
{
    private const string Variable = "SSLO_TEST_CHILD";

    /// <summary>Starts this assembly as a process that writes into the folder's membership file, over and over.</summary>
    public static Process Writer(string folder) => Start("write", folder, "dotnet", "exec", typeof(ChildProcess).Assembly.Location);

    /// <summary>Starts a program in whose surroundings this assembly does something to a folder.</summary>
    public static Process Start(string what, string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment[Variable] = $"{what} {folder}";
        return Process.Start(start)!;
    }

    /// <summary>Waits for every call on this thread: others may not enter this assembly before its initializer is over.</summary>
    [ModuleInitializer]
    internal static void Run()
    {
        if (Environment.GetEnvironmentVariable(Variable)?.Split(' ', 2) is not [var what, var folder])
            return;
        try
        {
            if (what == "write")
                Write(folder);
            else
                Fill(folder);
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
        }

        Environment.Exit(1);
    }

    /// <summary>One row, whose name is the version with which it was written: they change together or not at all.</summary>
    private static void Write(string folder)
    {
        var entry = MembershipTableTests.Entry();
        var table = MembershipTableTests.Open(new MembershipFile(folder), entry.SiloAddress);
        table.DeleteMembershipTableEntries(new FolderCluster(folder).Enter()).GetAwaiter().GetResult();
        while (true)
        {
            var data = table.ReadAll().GetAwaiter().GetResult();
            var (row, etag) = data.Members.Count > 0 ? data.Members[0] : Tuple.Create(entry, "");
            var next = data.Version.Next();
            row.SiloName = $"{next.Version}";
            if (!(etag.Length > 0 ? table.UpdateRow(row, etag, next) : table.InsertRow(row, next)).GetAwaiter().GetResult())
                throw new InvalidOperationException("Nobody else writes here.");
        }
    }

    /// <summary>Makes the row longer until the disk takes no more; says what it was told then.</summary>
    private static void Fill(string folder)
    {
        var table = MembershipTableTests.Open(new MembershipFile(folder));
        try
        {
            for (var length = 1 << 12; length < 1 << 22; length *= 2)
            {
                var data = table.ReadAll().GetAwaiter().GetResult();
                var (row, etag) = data.Members[0];
                row.HostName = new string('x', length);
                table.UpdateRow(row, etag, data.Version.Next()).GetAwaiter().GetResult();
            }
        }
        catch (UserErrorException e)
        {
            Console.WriteLine(e.Message);
            Environment.Exit(0);
        }
    }
}
