using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace SslOrleans.Silo.Dashboard;

/// <summary>
/// The dashboard's token and port, in a file of the runs folder that only its owner can read, so that both outlive a restart.
/// Sessions are signed with the token and kept nowhere.
/// </summary>
public sealed class DashboardKey
{
    public const string FileName = ".dashboard.json";

    private static readonly TimeSpan s_session = TimeSpan.FromDays(7);

    private readonly byte[] _key;

    private DashboardKey(string token, int port)
    {
        (Token, Port) = (token, port);
        _key = SHA256.HashData(Encoding.UTF8.GetBytes(token));
    }

    /// <summary>Who has it may act.</summary>
    public string Token { get; }

    /// <summary>Port of last time; 0 when there was none.</summary>
    public int Port { get; }

    /// <summary>The key of a runs folder; null when no dashboard was served there yet.</summary>
    public static DashboardKey? Find(string storage)
    {
        var path = Path.Combine(MachineFolder.Of(storage), FileName);
        try
        {
            return File.Exists(path) && JsonSerializer.Deserialize<Content>(File.ReadAllText(path)) is { Token.Length: >= 32 } content
                ? new DashboardKey(content.Token, content.Port)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The key of a runs folder, made anew when there is none.</summary>
    public static DashboardKey FindOrMake(string storage) => Find(storage) ?? new DashboardKey(Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)), 0);

    /// <summary>Writes the file with the port of now.</summary>
    public void Save(string storage, int port)
    {
        var folder = MachineFolder.Of(storage);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, FileName);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(path + ".new", options))
            JsonSerializer.Serialize(file, new Content(Token, port));
        File.Move(path + ".new", path, overwrite: true);
    }

    public bool IsToken(string? token)
        => token is not null && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(token)), _key);

    /// <summary>A session for a browser: when it ends, and the signature over that.</summary>
    public string NewSession()
    {
        var until = (DateTimeOffset.UtcNow + s_session).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var open = $"{until}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(12))}";
        return $"{open}.{Sign("session", open)}";
    }

    public bool IsSession(string? session)
    {
        var cut = session?.LastIndexOf('.') ?? -1;
        if (cut <= 0)
            return false;
        var (open, signature) = (session![..cut], session[(cut + 1)..]);
        return Equal(signature, Sign("session", open))
            && long.TryParse(open.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var until)
            && DateTimeOffset.UtcNow.ToUnixTimeSeconds() < until;
    }

    /// <summary>What a page of this session sends with every action, and another site cannot know.</summary>
    public string CrossSiteGuard(string session) => Sign("guard", session);

    public bool IsCrossSiteGuard(string session, string? guard) => guard is not null && Equal(guard, CrossSiteGuard(session));

    private string Sign(string purpose, string text) => Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{purpose}:{text}")));

    private static bool Equal(string a, string b) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(a), Encoding.UTF8.GetBytes(b));

    private sealed record Content(string Token, int Port);
}
