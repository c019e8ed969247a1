using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Commands;
using SslOrleans.Client.Downloads;
using SslOrleans.Contracts;
using SslOrleans.Learning.Data;

namespace SslOrleans.Client.Tests;

public sealed class DownloadTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly FileServer _server;
    private readonly byte[] _archive;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };

    public DownloadTests()
    {
        var record = new byte[20 * 3073];
        new Random(1).NextBytes(record);
        for (var i = 0; i < 20; i++)
            record[i * 3073] = (byte)(i % 10);
        _archive = Archive(("cifar-10-batches-bin/data_batch_1.bin", record), ("cifar-10-batches-bin/test_batch.bin", record[..3073]));
        _server = new FileServer(_archive);
    }

    // A silence that no busy machine reaches: a request given up before it arrives would be missing where requests are counted.
    private Downloader Quick => new(_http, firstDelay: TimeSpan.FromMilliseconds(1), silence: TimeSpan.FromMinutes(2));

    [Fact]
    public async Task An_archive_is_fetched_checked_unpacked_and_can_be_trained_on()
    {
        using var output = new StringWriter();
        await DataDownloadCommand.Download(new Screen(output, output, isTerminal: false), Set(_archive), _folder.In("cifar10"), keep: false, Quick, default);

        using var source = ImageSources.Open(_folder.In("cifar10"));
        Assert.Equal((20, 9), (source.Count, source.Label(9)));
        Assert.Equal([_folder.In("cifar10")], Directory.GetFileSystemEntries(_folder.Path));
        Assert.Equal(["data_batch_1.bin", "test_batch.bin"], Directory.GetFileSystemEntries(_folder.In("cifar10")).Select(Path.GetFileName).Order());
        Assert.Contains("Next: sslo data inspect", output.ToString());

        var requests = _server.Ranges.Count;
        var again = await Assert.ThrowsAsync<UserErrorException>(() =>
            DataDownloadCommand.Download(new Screen(output, output, isTerminal: false), Set(_archive), _folder.In("cifar10"), keep: false, Quick, default));
        Assert.Contains("is not empty", again.Message);
        Assert.Equal(requests, _server.Ranges.Count);
    }

    [Fact]
    public async Task A_connection_that_breaks_goes_on_where_it_was()
    {
        _server.BreakAfter = _archive.Length / 3;
        var told = new List<long>();
        await Quick.Fetch(_server.Address, _folder.In("x.gz"), Md5(_archive), (have, _) => told.Add(have), default);

        Assert.Equal(_archive, File.ReadAllBytes(_folder.In("x.gz")));
        Assert.True(_server.Ranges.Count >= 3, string.Join(' ', _server.Ranges));
        Assert.Null(_server.Ranges[0]);
        Assert.All(_server.Ranges.Skip(1), r => Assert.True(r > 0));
        Assert.Equal(told.Order(), told);
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_asked_again_from_where_it_was()
    {
        _server.SilentAfter = _archive.Length / 3;
        await new Downloader(_http, firstDelay: TimeSpan.FromMilliseconds(1), silence: TimeSpan.FromSeconds(1))
            .Fetch(_server.Address, _folder.In("x.gz"), Md5(_archive), (_, _) => { }, default);

        Assert.Equal(_archive, File.ReadAllBytes(_folder.In("x.gz")));
        Assert.Contains(_server.SilentAfter, _server.Ranges);
    }

    [Fact]
    public async Task What_an_ended_program_left_is_used_and_a_whole_file_is_not_fetched_again()
    {
        File.WriteAllBytes(_folder.In("x.gz.part"), _archive[..1000]);
        await Quick.Fetch(_server.Address, _folder.In("x.gz"), Md5(_archive), (_, _) => { }, default);
        Assert.Equal([1000L], _server.Ranges.Select(r => r!.Value));
        Assert.Equal(_archive, File.ReadAllBytes(_folder.In("x.gz")));

        await Quick.Fetch(_server.Address, _folder.In("x.gz"), Md5(_archive), (_, _) => { }, default);
        Assert.Single(_server.Ranges);

        File.WriteAllBytes(_folder.In("y.gz.part"), _archive);
        await Quick.Fetch(_server.Address, _folder.In("y.gz"), Md5(_archive), (_, _) => { }, default);
        Assert.Equal(_archive, File.ReadAllBytes(_folder.In("y.gz")));
    }

    [Fact]
    public async Task A_server_without_ranges_sends_everything_again()
    {
        _server.KnowsRanges = false;
        File.WriteAllBytes(_folder.In("x.gz.part"), new byte[500]);
        await Quick.Fetch(_server.Address, _folder.In("x.gz"), Md5(_archive), (_, _) => { }, default);
        Assert.Equal(_archive, File.ReadAllBytes(_folder.In("x.gz")));
    }

    [Fact]
    public async Task Another_file_than_the_checksum_is_of_is_removed_and_named()
    {
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Quick.Fetch(_server.Address, _folder.In("x.gz"), new string('0', 32), (_, _) => { }, default));
        Assert.Contains(Md5(_archive), error.Message);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(404, "404")]
    [InlineData(503, "503")]
    public async Task A_server_that_refuses_is_named(int status, string expected)
    {
        _server.Status = status;
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Quick.Fetch(_server.Address, _folder.In("x.gz"), "", (_, _) => { }, default));
        Assert.Contains(expected, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(status == 404 ? 1 : 6, _server.Ranges.Count);
    }

    [Fact]
    public async Task No_network_is_one_clear_line()
    {
        var address = _server.Address;
        _server.Dispose();
        var error = await Assert.ThrowsAsync<UserErrorException>(() => Quick.Fetch(address, _folder.In("x.gz"), "", (_, _) => { }, default));
        Assert.Contains("cannot be reached", error.Message);
        Assert.Contains(_folder.In("x.gz"), error.Message);
    }

    [Fact]
    public async Task An_archive_that_leads_out_of_its_folder_is_refused_and_leaves_nothing()
    {
        File.WriteAllBytes(_folder.In("evil.tgz"), Archive(("../evil.txt", [1])));
        await Assert.ThrowsAsync<UserErrorException>(() => Unpacking.Unpack(_folder.In("evil.tgz"), _folder.In("out"), default));
        Assert.False(File.Exists(_folder.In("evil.txt")));
        Assert.Equal(["evil.tgz"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName));

        File.WriteAllBytes(_folder.In("cut.tgz"), _archive[..(_archive.Length / 2)]);
        await Assert.ThrowsAsync<UserErrorException>(() => Unpacking.Unpack(_folder.In("cut.tgz"), _folder.In("out"), default));
        Assert.Equal(["cut.tgz", "evil.tgz"], Directory.GetFileSystemEntries(_folder.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public async Task An_unknown_name_is_answered_with_the_known_ones()
        => Assert.Contains("cifar10, cifar100, stl10, imagenette", (await Invocation.Of("data", "download", "mnist")).ErrorLine);

    public void Dispose()
    {
        _server.Dispose();
        _http.Dispose();
        _folder.Dispose();
    }

    private DatasetArchive Set(byte[] archive) => new("cifar10", _server.Address, archive.Length, Md5(archive), "");

    private static string Md5(byte[] bytes) => Convert.ToHexStringLower(MD5.HashData(bytes));

    private static byte[] Archive(params (string Name, byte[] Bytes)[] files)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Fastest, leaveOpen: true))
        using (var tar = new TarWriter(gzip, TarEntryFormat.Ustar))
        {
            foreach (var (name, bytes) in files)
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
        }

        return memory.ToArray();
    }

    /// <summary>One file over HTTP, with the faults that networks have.</summary>
    private sealed class FileServer : IDisposable
    {
        private readonly byte[] _bytes;
        private readonly HttpListener _listener;
        private readonly List<HttpListenerContext> _silent = [];

        public FileServer(byte[] bytes)
        {
            _bytes = bytes;
            (_listener, var root) = LoopbackListener.Start();
            Address = new Uri(root, "set.tar.gz");
            _ = Task.Run(Serve);
        }

        public Uri Address { get; }

        public int Status { get; set; } = 200;

        public bool KnowsRanges { get; set; } = true;

        /// <summary>Closes the connection after so many bytes of every answer; 0: never.</summary>
        public int BreakAfter { get; set; }

        /// <summary>The first answer stops after so many bytes and its connection stays open; 0: never.</summary>
        public int SilentAfter { get; set; }

        /// <summary>First byte asked for by each request.</summary>
        public List<long?> Ranges { get; } = [];

        public void Dispose() => _listener.Close();

        private async Task Serve()
        {
            while (_listener.IsListening)
            {
                try
                {
                    Answer(await _listener.GetContextAsync());
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    // The listener was closed, or the client went away.
                }
            }
        }

        private void Answer(HttpListenerContext context)
        {
            var range = context.Request.Headers["Range"];
            long? first = range is null ? null : long.Parse(range["bytes=".Length..].Split('-')[0], System.Globalization.CultureInfo.InvariantCulture);
            Ranges.Add(first);
            var response = context.Response;
            var from = KnowsRanges ? (int)(first ?? 0) : 0;
            response.StatusCode = Status != 200 ? Status : from >= _bytes.Length ? 416 : from > 0 ? 206 : 200;
            if (response.StatusCode is not (200 or 206))
            {
                response.Close();
                return;
            }

            if (from > 0)
                response.Headers["Content-Range"] = $"bytes {from}-{_bytes.Length - 1}/{_bytes.Length}";
            response.ContentLength64 = _bytes.Length - from;
            if (SilentAfter > 0 && first is null)
            {
                response.OutputStream.Write(_bytes, 0, SilentAfter);
                response.OutputStream.Flush();
                _silent.Add(context);
                return;
            }

            var count = BreakAfter > 0 ? Math.Min(BreakAfter, _bytes.Length - from) : _bytes.Length - from;
            response.OutputStream.Write(_bytes, from, count);
            response.OutputStream.Flush();
            if (count < _bytes.Length - from)
                response.Abort();
            else
                response.Close();
        }
    }
}
