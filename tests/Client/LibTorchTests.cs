using System.Text.Json;
using SslOrleans.Build;
using SslOrleans.Client.Bench;
using SslOrleans.Learning.Checkpoints;
using SslOrleans.Learning.Native;
using SslOrleans.Silo;

namespace SslOrleans.Client.Tests;

/// <summary>Which libtorch the program computes with, and what it says of one that is not whole or does not fit. Each call is a process of its own.</summary>
public sealed class LibTorchTests : IDisposable
{
    private static readonly string[] s_needed = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private readonly TestFolder _folder = new();

    public LibTorchTests() => Directory.CreateDirectory(Path.Combine(Home, "lib"));

    private string Home => _folder.In("home");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_libtorch_that_LIBTORCH_HOME_names_computes_in_the_place_of_the_builds_own()
    {
        // Real copies: the loader would know links for the same files.
        foreach (var file in s_needed.Concat(Directory.GetFiles(LibTorch.RealFolder, "libgomp*").Select(f => Path.GetFileName(f)!)))
            File.Copy(Path.Combine(LibTorch.RealFolder, file), Lib(file));
        var floats = Enumerable.Range(0, 12).Select(i => MathF.Sin(i + 1)).ToArray();
        var input = _folder.In("in.safetensors");
        File.WriteAllBytes(input, SafetensorsWriter.ToArray([new("z1", [2, 3], floats.AsMemory(0, 6)), new("z2", [2, 3], floats.AsMemory(6, 6))], null));

        var (code, findings, _) = await Doctor(Home);

        Assert.Equal(0, code);
        Assert.Equal(Home, findings["LIBTORCH_HOME"].Value);
        Assert.Equal($"{LibTorch.Version} from {Home}/lib", findings["libtorch"].Value);
        Assert.Equal(Numerics.Class("cpu", 1), findings["numerics class"].Value);
        var own = await Run(null, "loss", "simclr", input);
        var named = await Run(Home, "loss", "simclr", input);
        Assert.True(named.Code == 0, named.Error);
        Assert.Equal(own.Output, named.Output);
    }

    [Fact]
    public async Task Without_LIBTORCH_HOME_the_doctor_names_the_packages_libtorch_and_whose_LibTorchSharp_it_is()
    {
        var (code, findings, _) = await Doctor(null);

        Assert.Equal(0, code);
        Assert.Equal($"{LibTorch.Version} from {LibTorch.RealFolder}", findings["libtorch"].Value);
        Assert.Contains(OldLibstdcxx.IsHere() ? "the copy adapted to this system's libstdc++" : "the package's own", findings["LibTorchSharp"].Value);
    }

    [Fact]
    public Task A_folder_that_is_not_there_is_refused() => Refuses(_folder.In("nowhere"), "which has no lib/libc10.so; name the folder of an unpacked libtorch");

    [Fact]
    public Task A_folder_without_libraries_is_refused() => Refuses(Home, "which has no lib/libc10.so; name the folder of an unpacked libtorch");

    [Fact]
    public async Task A_library_that_is_cut_off_is_refused_before_the_loader_dies_of_it()
    {
        Link("libc10.so", "libtorch.so");
        CutOff(Lib("libtorch_cpu.so"));

        await Refuses(Home, $"whose lib/libtorch_cpu.so is cut off (1048576 of ");
    }

    [Fact]
    public async Task A_file_that_is_no_library_is_refused()
    {
        Link("libc10.so", "libtorch.so");
        File.WriteAllText(Lib("libtorch_cpu.so"), "<html>not found</html>");

        await Refuses(Home, "whose lib/libtorch_cpu.so is no library; unpack it again");
    }

    [Fact]
    public async Task A_library_whose_own_needs_are_missing_is_refused_with_the_loaders_words()
    {
        Link("libc10.so", "libtorch.so");
        File.Copy(Path.Combine(LibTorch.RealFolder, "libtorch_cpu.so"), Lib("libtorch_cpu.so")); // Without the libgomp beside it.

        await Refuses(Home, "whose lib/libtorch_cpu.so does not load: libgomp", "cannot open shared object file");
    }

    [Fact]
    public async Task A_libtorch_that_lacks_symbols_is_refused_with_their_number_and_the_first()
    {
        Link("libc10.so");
        foreach (var file in new[] { "libtorch_cpu.so", "libtorch.so" })
            File.Copy(Path.Combine(LibTorch.RealFolder, "libtorch_global_deps.so"), Lib(file)); // A library without code.
        foreach (var gomp in Directory.GetFiles(LibTorch.RealFolder, "libgomp*"))
            Link(Path.GetFileName(gomp));

        await Refuses(Home, "which is libtorch of an unknown version and lacks ", $"symbols that TorchSharp {LibTorch.TorchSharpVersion} (built for libtorch {LibTorch.Version}) needs, the first is _Z", "; name a libtorch 2.10, or unset it");
    }

    [Fact]
    public async Task A_real_libtorch_of_another_version_is_refused_with_its_version()
    {
        const string debians = "/usr/lib/python3/dist-packages/torch";
        if (!File.Exists(Path.Combine(debians, "lib", "libtorch_cpu.so")))
            return;
        var (code, _, error) = await Run(debians, "runs", "--runs", _folder.Path);

        Assert.Equal(2, code);
        Assert.Matches($"^sslo: LIBTORCH_HOME is \"{debians}\", which is libtorch \\d+\\.\\d+\\.\\d+ and lacks \\d+ symbols that [^\\n]+, the first is _Z[^\\n]+\\n$", error);
    }

    [Fact]
    public async Task A_package_that_was_not_restored_whole_is_named_with_the_mend_and_ends_with_3()
    {
        var package = _folder.In("packages/libtorch-cpu-linux-x64/2.10.0");
        var library = Path.Combine(package, "runtimes/linux-x64/native/libtorch_cpu.so");
        Directory.CreateDirectory(Path.GetDirectoryName(library)!);
        var program = CopyOfTheProgram("libtorch_cpu.so", library);
        CutOff(library);

        var (code, output, error) = await Run(null, ["runs", "--runs", _folder.Path], program);
        Assert.Equal((3, ""), (code, output));
        Assert.Matches($"^sslo: {library} is cut off \\(1048576 of \\d+ bytes\\), the package was not restored whole; rm -rf {package}, then build again\\.\\n$", error);

        File.Delete(library);
        (code, _, error) = await Run(null, ["runs", "--runs", _folder.Path], program);
        Assert.Equal(3, code);
        Assert.Matches($"^sslo: {library} is missing, the package was not restored whole; rm -rf {package}, then build again\\.\\n$", error);
        Assert.Equal(0, (await Run(null, ["--help"], program)).Code);
    }

    [Fact]
    public async Task A_build_of_a_newer_system_is_named_as_such()
    {
        var packages = Path.GetFullPath(Path.Combine(LibTorch.RealFolder, "../../../../.."));
        var own = Path.Combine(packages, "torchsharp", LibTorch.TorchSharpVersion, "runtimes/linux-x64/native/libLibTorchSharp.so");
        if (!OldLibstdcxx.IsHere())
            return;
        var program = CopyOfTheProgram("libLibTorchSharp.so", own);

        var (code, _, error) = await Run(null, ["runs", "--runs", _folder.Path], program);

        Assert.Equal(3, code);
        Assert.Matches("^sslo: \\S+/libLibTorchSharp\\.so was built where libstdc\\+\\+ has GLIBCXX_3\\.4\\.32, which this system's lacks; build on a system like this one, [^\\n]+\\n$", error);
    }

    [Fact]
    public async Task A_processor_without_AVX2_is_said_by_the_doctor_and_before_a_training()
    {
        var without = new Dictionary<string, string> { ["DOTNET_EnableAVX2"] = "0" };

        var doctor = await Subprocess.Run("dotnet", ["exec", Program, "doctor"], without, TimeSpan.FromMinutes(2), default);
        var train = await Subprocess.Run("dotnet", ["exec", Program, "train", "simclr-cifar10", "--data", _folder.In("nothing"), "--runs", _folder.Path], without, TimeSpan.FromMinutes(2), default);

        Assert.Matches(@"· processor .* no AVX2, without which libtorch computes several times as long\n +mend: use a processor of 2015", doctor.Output);
        Assert.Equal(0, doctor.Code);
        Assert.StartsWith("sslo: this processor has no AVX2, without which libtorch computes several times as long; use a processor of 2015", train.Error);
    }

    private static string Program => typeof(Subprocess).Assembly.Location;

    private string Lib(string file) => Path.Combine(Home, "lib", file);

    private void Link(params string[] files)
    {
        foreach (var file in files)
            File.CreateSymbolicLink(Lib(file), Path.Combine(LibTorch.RealFolder, file));
    }

    private static void CutOff(string path)
    {
        using var from = File.OpenRead(Path.Combine(LibTorch.RealFolder, "libtorch_cpu.so"));
        var start = new byte[1 << 20];
        from.ReadExactly(start);
        File.WriteAllBytes(path, start);
    }

    /// <summary>The program in a folder of links, one of which leads elsewhere.</summary>
    private string CopyOfTheProgram(string library, string target)
    {
        var (from, to) = (Path.GetDirectoryName(new FileInfo(Program).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Program)!, _folder.In("program"));
        var native = Path.Combine("runtimes", "linux-x64", "native");
        Directory.CreateDirectory(Path.Combine(to, native));
        foreach (var file in Directory.GetFiles(from).Concat(Directory.GetFiles(Path.Combine(from, native))))
        {
            var name = Path.GetRelativePath(from, file);
            if (name.StartsWith("sslo.", StringComparison.Ordinal))
                File.Copy(file, Path.Combine(to, name)); // The host would go to where links lead.
            else
                File.CreateSymbolicLink(Path.Combine(to, name), name == Path.Combine(native, library) ? target : file);
        }

        return Path.Combine(to, "sslo.dll");
    }

    private async Task Refuses(string home, params string[] expected)
    {
        var (code, output, error) = await Run(home, "runs", "--runs", _folder.Path);
        Assert.Equal((2, ""), (code, output));
        var line = Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith($"sslo: LIBTORCH_HOME is \"{home}\", {expected[0]}", line);
        Assert.All(expected, part => Assert.Contains(part, line));
        Assert.EndsWith(", or unset it for the libtorch of this build.", line);

        (code, var findings, _) = await Doctor(home);
        Assert.Equal(3, code);
        Assert.Equal("missing", findings["libtorch"].Health);
        Assert.Equal(line["sslo: ".Length..], $"{findings["libtorch"].Value}; {findings["libtorch"].Mend}");
        Assert.DoesNotContain("numerics class", findings.Keys);
    }

    private static async Task<(int Code, Dictionary<string, (string Value, string Health, string Mend)> Findings, string Error)> Doctor(string? home)
    {
        var (code, output, error) = await Run(home, "doctor", "--json");
        var findings = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement);
        return (code, findings.ToDictionary(f => Text(f, "name"), f => (Text(f, "value"), Text(f, "health"), Text(f, "mend"))), error);

        static string Text(JsonElement finding, string key) => finding.GetProperty(key).GetString()!;
    }

    private static Task<(int Code, string Output, string Error)> Run(string? home, params string[] arguments) => Run(home, arguments, Program);

    private static Task<(int Code, string Output, string Error)> Run(string? home, string[] arguments, string program)
        => Subprocess.Run("dotnet", ["exec", program, .. arguments], new Dictionary<string, string> { ["LIBTORCH_HOME"] = home ?? "" }, TimeSpan.FromMinutes(2), default);
}
