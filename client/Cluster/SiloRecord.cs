using System.Diagnostics;
using System.Text.Json;

namespace SslOrleans.Client.Cluster;

/// <summary>Where the primary silo of a runs folder listens, for the other terminals. Written when it starts, removed when it stops.</summary>
/// <param name="ProcessId">Of the primary.</param>
/// <param name="SiloPort">For other silos.</param>
/// <param name="GatewayPort">For clients.</param>
/// <param name="ClusterId">Of all silos that belong together.</param>
/// <param name="Dashboard">Address of the page that it serves; null when it serves none.</param>
public sealed record SiloRecord(int ProcessId, int SiloPort, int GatewayPort, string ClusterId, string? Dashboard = null)
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
