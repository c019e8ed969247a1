namespace SslOrleans.Client.Tests.Script;

/// <summary>How ./sslo sets up and builds on machines that lack something.</summary>
public sealed class ScriptTests : IDisposable
{
    private readonly ScriptCopy _script = new();

    [Fact]
    public void It_builds_once_and_starts_the_program()
    {
        Assert.Contains("dotnet methods", _script.Run("methods").Text);
        Assert.Contains("dotnet methods", _script.Run("methods").Text);
        Assert.Equal(1, _script.Builds);

        _script.Folder.Write("silo/new.cs", "");
        Assert.Equal(0, _script.Run("methods").Code);
        Assert.Equal(2, _script.Builds);
    }

    [Fact]
    public void Without_the_right_to_install_it_prints_the_one_line_and_ends_with_3()
    {
        WithoutSpng();
        var (code, text) = _script.Run("methods");

        Assert.Equal(3, code);
        Assert.Contains("sudo apt-get update && sudo apt-get install -y --no-install-recommends libspng0", text);
        Assert.DoesNotContain("apt-get was called", text);
    }

    [Fact]
    public void Doctor_names_what_is_missing_with_its_mend_and_installs_nothing()
    {
        WithoutSpng();
        _script.WithoutSdk();
        var (code, text) = _script.Run("doctor");

        Assert.Equal(3, code);
        Assert.Contains("missing: libspng0; apt-get install -y --no-install-recommends libspng0\n", text);
        Assert.Contains("missing: .NET 10 SDK; the next call of ./sslo fetches it\n", text);
        Assert.DoesNotContain("apt-get was called", text);
    }

    [Fact]
    public void An_SDK_that_apt_has_comes_from_apt()
    {
        _script.WithoutSdk();
        _script.Tool("apt-cache", """[ "$2" = dotnet-sdk-10.0 ]""");
        var (code, text) = _script.Run("doctor");

        Assert.Equal(3, code);
        Assert.Equal("missing: dotnet-sdk-10.0; apt-get install -y --no-install-recommends dotnet-sdk-10.0\n", text);
    }

    [Theory]
    [InlineData("curl", "curl -fsSL https://dot.net/v1/dotnet-install.sh -o FILE")]
    [InlineData("wget", "wget -nv https://dot.net/v1/dotnet-install.sh -O FILE")]
    public void An_SDK_that_apt_does_not_have_comes_from_Microsofts_script(string tool, string call)
    {
        _script.WithoutSdk();
        _script.Tool("curl", "exit 1");
        _script.Tool(tool, """
            for file in "$@"; do :; done
            [ "${0##*/} $*" = "CALL" ] || { echo "called as $*" >&2; exit 1; }
            cat >"$file" <<'END'
            [ "$1 $2 $3" = "--channel 10.0 --install-dir" ] && mkdir -p "$4" && cp "$SSLO_ROOT/an-sdk" "$4/dotnet"
            END
            """.Replace("CALL", call.Replace("FILE", _script.Folder.In(".build/dotnet-install.sh"))));
        var (code, text) = _script.Run("methods");

        Assert.Equal(0, code);
        Assert.Contains("there is no .NET 10 SDK here and none in apt; Microsoft's script (https://dot.net/v1/dotnet-install.sh) installs one below .build", text);
        Assert.Contains(_script.Folder.In(".build/dotnet/dotnet") + " methods", text);
        Assert.Equal(_script.Folder.In(".build/dotnet/dotnet") + " methods\n", _script.Run("methods").Text);
    }

    [Fact]
    public void Where_Microsofts_script_cannot_be_had_it_says_what_to_do_and_ends_with_3()
    {
        _script.WithoutSdk();
        _script.Tool("curl", "exit 6");
        _script.Tool("wget", "echo 'unable to resolve host address' >&2; exit 4");
        var (code, text) = _script.Run("methods");

        Assert.Equal(3, code);
        Assert.EndsWith(
            "sslo: that failed: unable to resolve host address; get the .NET 10 SDK from https://dotnet.microsoft.com/download/dotnet/10.0 and put dotnet on PATH.\n", text);
    }

    [Theory]
    [InlineData("methods", "fetching about 230 MB of packages, once", "libtorch-cpu-linux-x64")]
    [InlineData("test", "fetching about 460 MB of packages, once", "libtorch-cpu-linux-x64", "microsoft.playwright")]
    [InlineData("test", "fetching about 230 MB of packages, once", "microsoft.playwright")]
    public void What_the_first_restore_fetches_is_said_before(string call, string expected, params string[] missing)
    {
        Assert.DoesNotContain("fetching", _script.Run(call).Text);
        foreach (var name in missing)
            Directory.Delete(_script.Folder.In($"packages/{name}"), recursive: true);
        _script.Folder.Write("silo/new.cs", "");

        Assert.Contains(expected, _script.Run(call).Text);
    }

    [Theory]
    [InlineData("packages")]
    [InlineData(".build")]
    public void A_restore_for_which_there_is_no_space_does_not_begin(string full)
    {
        Directory.Delete(_script.Folder.In("packages/libtorch-cpu-linux-x64"), recursive: true);
        _script.Tool("df", $$"""
            shift
            echo Filesystem 1048576-blocks Used Available Capacity Mounted on
            for folder in "$@"; do case $folder in */{{full}}) echo disk 9000 8000 1000 90% / ;; *) echo disk 9000 1000 8000 10% / ;; esac; done
            """);
        var (code, text) = _script.Run("methods");

        Assert.Equal(3, code);
        Assert.Equal(0, _script.Builds);
        Assert.Contains($"packages ({_script.Folder.In("packages")}; NUGET_PACKAGES names another folder)", text);
        Assert.Contains("need 1400 MB, and 1000 MB are free", text);
    }

    [Theory]
    [InlineData(
        "/a.csproj : error NU1301: Unable to load the service index for source https://packages.example/v3/index.json. [/SslOrleans.sln]",
        "packages cannot be fetched; call again with a network (behind a proxy: HTTPS_PROXY). NuGet says: Unable to load the service index for source https://packages.example/v3/index.json.\n")]
    [InlineData(
        "/a.csproj : error NU1102: Unable to find package A with version (>= 9.9.9)\n/a.csproj : error NU1102:   - Found 5 version(s) in nuget.org [ Nearest version: 1.4.2 ]",
        "Directory.Packages.props names what the package source does not have: Unable to find package A with version (>= 9.9.9) - Found 5 version(s) in nuget.org [ Nearest version: 1.4.2 ]")]
    [InlineData(
        "/sdk/NuGet.targets(198,5): error : Error parsing nupkg metadata file /home/me/.nuget/packages/a/1.0.0/.nupkg.metadata : The input does not contain any JSON tokens. [/a.csproj]",
        "a package is damaged. Call again after:  rm -r /home/me/.nuget/packages/a/1.0.0\n")]
    [InlineData("/sdk/NuGet.targets(198,5): error : No space left on device [/a.csproj]", "is full. Free some space and call again.")]
    public void A_restore_that_fails_is_one_line_and_ends_with_3(string output, string expected)
    {
        _script.Folder.Write("errors", output + "\n");
        var (code, text) = _script.Run("methods");

        Assert.Equal(3, code);
        Assert.Contains(expected, text);
        Assert.Equal(2, text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length); // that it builds, and why it does not
    }

    [Fact]
    public void Errors_of_the_compiler_are_listed_and_end_with_1()
    {
        _script.Folder.Write("errors", $"{_script.Folder.In("silo/a.cs")}(1,7): error CS1002: ; expected [/silo/SslOrleans.Silo.csproj]\n");
        var (code, text) = _script.Run("methods");

        Assert.Equal(1, code);
        Assert.Contains("\nsilo/a.cs(1,7): error CS1002: ; expected\n", text);
        Assert.Equal(1, _script.Run("methods").Code);
    }

    public void Dispose() => _script.Dispose();

    private void WithoutSpng() => _script.Tool("dpkg-query", "case \"$*\" in *libspng0) exit 1 ;; *) echo 'install ok installed' ;; esac");
}
