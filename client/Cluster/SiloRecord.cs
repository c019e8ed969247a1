using System.Diagnostics;
using System.Text.Json;

namespace SslOrleans.Client.Cluster;

/// <summary>Where the primary silo of a runs folder listens, for the other terminals. Written when it starts, removed when it stops.</summary>
public sealed record SiloRecord(int ProcessId, int SiloPort, int GatewayPort, string ClusterId)
{
    private const string FileName = ".silo.json";

    /// <summary>The living primary of this folder; null when there is none.</summary>
    public static SiloRecord? Find(string runsFolder)
    {
        var path = Path.Combine(runsFolder, FileName);
        if (!File.Exists(path))
            return null;
        try
        {
            var record = JsonSerializer.Deserialize<SiloRecord>(File.ReadAllText(path));
            using var process = Process.GetProcessById(record!.ProcessId);
            return process.HasExited ? null : record;
        }
        catch (Exception e) when (e is ArgumentException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    public void Write(string runsFolder)
    {
        Directory.CreateDirectory(runsFolder);
        var path = Path.Combine(runsFolder, FileName);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this));
        File.Move(path + ".new", path, overwrite: true);
    }

    public static void Remove(string runsFolder) => File.Delete(Path.Combine(runsFolder, FileName));
}
