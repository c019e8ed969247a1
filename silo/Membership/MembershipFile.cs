using System.IO.Hashing;
using System.Text;
using Microsoft.Data.Sqlite;
using SslOrleans.Contracts;
using SQLitePCL;

namespace SslOrleans.Silo.Membership;

/// <summary>
/// The members of a folder's cluster: a SQLite database beside the runs. Every use opens it and closes it again, so a file that was
/// deleted or replaced is noticed at the next use, and a process that is killed in the middle leaves what the last commit left.
/// </summary>
public sealed class MembershipFile
{
    /// <summary>Of the tables; kept as the database's user_version.</summary>
    public const int Version = 1;

    private const string FileName = "membership.db";
    private const int MostTries = 3;

    /// <summary>"SSLO", so that another program's database is not taken for ours.</summary>
    private const int ApplicationId = 0x53534C4F;

    private static readonly string[] s_schema =
    [
        "PRAGMA journal_mode = WAL",
        $"PRAGMA application_id = {ApplicationId}",
        $"PRAGMA user_version = {Version}",
        "CREATE TABLE cluster (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL, incarnation TEXT NOT NULL, version INTEGER NOT NULL, etag TEXT NOT NULL)",
        $"CREATE TABLE silo ({Member.Columns}, PRIMARY KEY (address)) WITHOUT ROWID",
    ];

    private readonly TimeSpan _patience;
    private readonly string _connection;
    private readonly string _name;

    /// <param name="folder">Where runs are kept, a container too; the file has a folder of its own in its <see cref="MachineFolder"/>.</param>
    /// <param name="name">Of the cluster; null: one that follows from the folder.</param>
    /// <param name="patience">How long another program may hold the file; five seconds by default.</param>
    public MembershipFile(string folder, string? name = null, TimeSpan? patience = null)
    {
        Runs = folder;
        var full = MachineFolder.Of(folder);
        Folder = System.IO.Path.Combine(full, ".cluster");
        Path = System.IO.Path.Combine(Folder, FileName);
        _patience = patience ?? TimeSpan.FromSeconds(5);
        _name = name ?? $"sslo-{XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Target(full))):x16}";

        // The provider's own waiting looks seven times a second; SQLite's, which is set for each connection, looks more often.
        _connection = new SqliteConnectionStringBuilder { DataSource = Path, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 1 }.ToString();
    }

    /// <summary>The runs folder, as it was named.</summary>
    public string Runs { get; }

    public string Folder { get; }

    public string Path { get; }

    public bool Exists => File.Exists(Path);

    /// <summary>What is in the file at one moment; null when there is none.</summary>
    /// <exception cref="UserErrorException">It cannot be read; says why and what to do.</exception>
    internal MembershipSnapshot? Look()
    {
        try
        {
            return Exists ? Use(s => s.Snapshot(), write: false) : null;
        }
        catch (UserErrorException) when (!Exists)
        {
            return null;
        }
    }

    /// <summary>Changes it, all or nothing; nobody else changes it meanwhile. Makes it when there is none.</summary>
    /// <exception cref="UserErrorException">It cannot be written; says why and what to do.</exception>
    internal T Write<T>(Func<MembershipSession, T> use)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                Create();
                return Use(use, write: true);
            }
            catch (UserErrorException) when (!Exists && tries < MostTries)
            {
                // Deleted between the two.
            }
        }
    }

    /// <summary>Makes the file unless it is there.</summary>
    private void Create()
    {
        if (Exists)
            return;
        try
        {
            Directory.CreateDirectory(Folder);
            using var alone = Alone();
            if (Exists)
                return;

            // What a deleted file has left behind would be taken for the new one's. Made aside and renamed: nobody sees half of it.
            foreach (var left in Directory.GetFiles(Folder, FileName + "*"))
                File.Delete(left);
            var made = Path + ".new";
            using (var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = made, Pooling = false }.ToString()))
            {
                connection.Open();
                foreach (var statement in s_schema)
                    Execute(connection, statement);
                Execute(connection, "INSERT INTO cluster VALUES (1, @name, @incarnation, 0, @etag)", ("@name", _name), ("@incarnation", NewTag()), ("@etag", NewTag()));
            }

            File.Move(made, Path);
        }
        catch (SqliteException e)
        {
            throw Describe(e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"{Folder} cannot be written: {e.Message} Silos of this machine find each other there; name a folder that may be written with --runs.", e);
        }
    }

    internal static string NewTag() => Guid.NewGuid().ToString("N");

    /// <summary>One statement: the provider passes over errors of those that follow one with a result.</summary>
    internal static int Execute(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    internal static SqliteCommand Command(SqliteConnection connection, string sql, params (string Name, object? Value)[] parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        return command;
    }

    /// <summary>The folder itself, where a link leads to it.</summary>
    private static string Target(string folder) => Directory.Exists(folder) ? Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder : folder;

    private T Use<T>(Func<MembershipSession, T> use, bool write)
    {
        try
        {
            using var connection = new SqliteConnection(_connection);
            connection.Open();

            // The last one to close would write everything into the file and wait for the disk, at every use.
            raw.sqlite3_db_config(connection.Handle!, raw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, out _);
            Execute(connection, $"PRAGMA busy_timeout = {_patience.TotalMilliseconds:0}");
            Execute(connection, "PRAGMA synchronous = NORMAL");
            Execute(connection, "PRAGMA wal_autocheckpoint = 64");
            using var transaction = connection.BeginTransaction(deferred: !write);
            CheckFormat(connection);
            var used = use(new MembershipSession(connection));
            transaction.Commit();
            return used;
        }
        catch (SqliteException e)
        {
            throw Describe(e);
        }
    }

    /// <exception cref="UserErrorException">Another program's file, or another version's.</exception>
    private void CheckFormat(SqliteConnection connection)
    {
        if (Number("application_id") != ApplicationId)
            throw new UserErrorException($"{Path} is no membership file of this program; end what uses it, and remove the folder {Folder}.");
        if (Number("user_version") is var version && version != Version)
            throw new UserErrorException($"{Path} is of version {version}, this program knows {Version}; end the silos that use it (they are of another version of this program), and remove the folder {Folder}.");

        long Number(string pragma)
        {
            using var command = Command(connection, $"PRAGMA {pragma}");
            return (long)command.ExecuteScalar()!;
        }
    }

    /// <summary>Only one process makes the file.</summary>
    private FileStream Alone()
    {
        for (var until = DateTime.UtcNow + _patience; ; Thread.Sleep(10))
        {
            try
            {
                return new FileStream(System.IO.Path.Combine(Folder, "creating"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
            }
            catch (IOException) when (DateTime.UtcNow < until && Directory.Exists(Folder))
            {
                // Another one is at it.
            }
        }
    }

    private UserErrorException Describe(SqliteException e)
    {
        var message = e.SqliteErrorCode switch
        {
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_PROTOCOL => $"{Path} is locked by another program, for more than {_patience.TotalSeconds:0.#} s; end that program (a backup, a database browser) and try again.",
            raw.SQLITE_FULL => $"{Path} cannot be written: no space is left on its disk; free some, or name another folder with --runs.",
            raw.SQLITE_NOTADB or raw.SQLITE_CORRUPT => $"{Path} is damaged or no database; end the silos that use it and remove the folder {Folder}, which holds nothing that outlives them.",
            raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN or raw.SQLITE_AUTH => $"{Path} cannot be opened for writing ({e.Message}); silos of this machine find each other there: make it writable, or name another folder with --runs.",
            _ => $"{Path} cannot be used: {e.Message} Silos of this machine find each other there; mend that, or name another folder with --runs.",
        };
        return new UserErrorException(message, e);
    }
}

/// <summary>The file during one transaction.</summary>
internal sealed class MembershipSession(SqliteConnection connection)
{
    /// <summary>Everything, at one moment.</summary>
    public MembershipSnapshot Snapshot()
    {
        using var cluster = MembershipFile.Command(connection, "SELECT name, incarnation, version, etag FROM cluster");
        using var row = cluster.ExecuteReader();
        row.Read();
        using var silos = MembershipFile.Command(connection, $"SELECT {Member.Columns} FROM silo");
        using var rows = silos.ExecuteReader();
        var members = new List<Member>();
        while (rows.Read())
            members.Add(Member.Read(rows));
        return new MembershipSnapshot(row.GetString(0), row.GetString(1), row.GetInt32(2), row.GetString(3), members);
    }

    /// <summary>Puts a row in the place of the one with its address.</summary>
    public void Put(Member member) => MembershipFile.Execute(connection, $"INSERT OR REPLACE INTO silo ({Member.Columns}) VALUES ({Member.Parameters})", member.Values());

    public void Remove(Member member) => MembershipFile.Execute(connection, "DELETE FROM silo WHERE address = @address", ("@address", member.Address.ToParsableString()));

    public void Advance(int version)
        => MembershipFile.Execute(connection, "UPDATE cluster SET version = @version, etag = @etag", ("@version", version), ("@etag", MembershipFile.NewTag()));
}

/// <summary>The file's content at one moment.</summary>
/// <param name="Cluster">Name of the cluster.</param>
/// <param name="Incarnation">Of the file: another one after it was deleted and made again.</param>
/// <param name="Version">Of the table; rises with every change but signs of life.</param>
/// <param name="ETag">Of the version.</param>
/// <param name="Members">The rows.</param>
internal sealed record MembershipSnapshot(string Cluster, string Incarnation, int Version, string ETag, IReadOnlyList<Member> Members)
{
    public Member? Find(Orleans.Runtime.SiloAddress address) => Members.FirstOrDefault(m => m.Address.Equals(address));
}
