using Orleans;
using Orleans.Runtime;
using SslOrleans.Contracts;
using SslOrleans.Silo.Membership;

namespace SslOrleans.Grains.Tests.Membership;

/// <summary>What this assembly does as a program of its own, for tests that kill it.</summary>
internal static class ChildProcess
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not ["membership", var what, var folder])
            return await Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, global::Grains.Tests.SelfRegisteredExtensions.AddSelfRegisteredExtensions);
        var entry = MembershipTableTests.Entry();
        using var table = MembershipTableTests.Open(new MembershipFile(folder), entry.SiloAddress);
        if (what == "fill")
            return await Fill(table);

        // One row, whose name is the version with which it was written: they change together or not at all.
        await table.DeleteMembershipTableEntries(new FolderCluster(folder).Enter());
        while (true)
        {
            var data = await table.ReadAll();
            var (row, etag) = data.Members.Count > 0 ? data.Members[0] : Tuple.Create(entry, "");
            var next = data.Version.Next();
            row.SiloName = $"{next.Version}";
            if (!await (etag.Length > 0 ? table.UpdateRow(row, etag, next) : table.InsertRow(row, next)))
                throw new InvalidOperationException("Nobody else writes here.");
        }
    }

    /// <summary>Makes the row longer until the disk takes no more; says what it said then.</summary>
    private static async Task<int> Fill(SqliteMembershipTable table)
    {
        try
        {
            for (var length = 1 << 12; length < 1 << 22; length *= 2)
            {
                var data = await table.ReadAll();
                var (row, etag) = data.Members[0];
                row.HostName = new string('x', length);
                await table.UpdateRow(row, etag, data.Version.Next());
            }

            return 1;
        }
        catch (UserErrorException e)
        {
            Console.WriteLine(e.Message);
            return 0;
        }
    }
}
