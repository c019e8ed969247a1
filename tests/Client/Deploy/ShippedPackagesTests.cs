using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Tests.Deploy;

/// <summary>
/// <c>deploy/sbom.cdx.json</c> (CycloneDX 1.6) names every package that the program ships, with version and licence, and nothing else. After a
/// change of packages: <c>SSLO_WRITE_SBOM=1</c> writes it anew.
/// </summary>
public class ShippedPackagesTests
{
    private static readonly string s_file = Path.Combine(ProjectFiles.Root, "deploy", "sbom.cdx.json");

    /// <summary>Licences under which a package may be shipped with a program of this one's licence.</summary>
    private static readonly string[] s_good = ["MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "MIT-0", "Zlib"];

    /// <summary>Packages whose nuspec names a file or an address instead of an SPDX name: read there.</summary>
    private static readonly Dictionary<string, string> s_read = new(StringComparer.OrdinalIgnoreCase)
    {
        ["BitMiracle.LibTiff.NET"] = "BSD-3-Clause",
        ["SkiaSharp"] = "MIT",
        ["SkiaSharp.NativeAssets.macOS"] = "MIT",
        ["SkiaSharp.NativeAssets.Win32"] = "MIT",
        ["System.Security.Cryptography.ProtectedData"] = "MIT",
        ["TorchSharp"] = "MIT",
        ["libtorch-cpu-linux-x64"] = "BSD-3-Clause",
    };

    [Fact]
    public void The_bill_of_materials_is_what_ships()
    {
        var made = Bill();
        if (Environment.GetEnvironmentVariable("SSLO_WRITE_SBOM") == "1")
            File.WriteAllText(s_file, made);
        Assert.Equal(made, File.ReadAllText(s_file));
    }

    [Fact]
    public void Every_licence_lets_it_be_shipped()
    {
        var components = JsonNode.Parse(File.ReadAllText(s_file))!["components"]!.AsArray();
        Assert.True(components.Count > 40);
        Assert.All(components, c => Assert.Contains($"{c!["licenses"]![0]!["license"]!["id"]}", s_good));
    }

    private static string Bill()
    {
        // Of the program alone, without what tests bring.
        var dependencies = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "sslo.deps.json")))!;
        var packages = dependencies["libraries"]!.AsObject().Where(l => $"{l.Value!["type"]}" == "package").Select(l => l.Key.Split('/')).OrderBy(p => p[0], StringComparer.OrdinalIgnoreCase);
        var components = new JsonArray([.. packages.Select(p => (JsonNode)new JsonObject
        {
            ["type"] = "library",
            ["name"] = p[0],
            ["version"] = p[1],
            ["licenses"] = new JsonArray(new JsonObject { ["license"] = new JsonObject { ["id"] = Licence(p[0], p[1]) } }),
            ["purl"] = $"pkg:nuget/{p[0]}@{p[1]}",
        })]);
        components.Add(new JsonObject
        {
            ["type"] = "library",
            ["name"] = "uPlot",
            ["licenses"] = new JsonArray(new JsonObject { ["license"] = new JsonObject { ["id"] = "MIT" } }),
            ["purl"] = "pkg:npm/uplot",
        });
        var bill = new JsonObject
        {
            ["$schema"] = "http://cyclonedx.org/schema/bom-1.6.schema.json",
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject { ["component"] = new JsonObject { ["type"] = "application", ["name"] = "SslOrleans", ["version"] = "0.1.0" } },
            ["components"] = components,
        };
        return bill.ToJsonString(new JsonSerializerOptions { WriteIndented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }) + "\n";
    }

    private static string Licence(string name, string version)
    {
        var folder = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var nuspec = Path.Combine(folder, name.ToLowerInvariant(), version.ToLowerInvariant(), $"{name.ToLowerInvariant()}.nuspec");
        var metadata = XDocument.Parse(File.ReadAllText(nuspec, Encoding.UTF8)).Root!.Elements().First(e => e.Name.LocalName == "metadata").Elements().ToList();
        var licence = metadata.FirstOrDefault(e => e.Name.LocalName == "license");
        return licence?.Attribute("type")?.Value == "expression" ? licence.Value
            : s_read.TryGetValue(name, out var known) ? known
            : $"unknown: {licence?.Value ?? metadata.FirstOrDefault(e => e.Name.LocalName == "licenseUrl")?.Value}";
    }
}
