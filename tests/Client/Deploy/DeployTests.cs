using System.Text.RegularExpressions;
using SslOrleans.Client.CommandLine;
using YamlDotNet.RepresentationModel;

namespace SslOrleans.Client.Tests.Deploy;

/// <summary>What can be said of deploy/ without a container engine: it parses, and whatever it names exists.</summary>
public partial class DeployTests
{
    private static readonly string s_deploy = Path.Combine(ProjectFiles.Root, "deploy");

    public static TheoryData<string> YamlFiles => [.. Directory.EnumerateFiles(s_deploy, "*.yaml", SearchOption.AllDirectories).Select(f => Path.GetRelativePath(s_deploy, f))];

    public static TheoryData<string> Dockerfiles => [.. Directory.EnumerateFiles(s_deploy, "*Dockerfile").Select(f => Path.GetRelativePath(s_deploy, f))];

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Every_option_that_a_silo_is_started_with_exists(string file)
    {
        var words = Scalars(file).SelectMany(s => s.Split(' ')).ToList();
        if (!words.Contains("silo"))
            return;
        var silo = CommandTree.Build(new Screen(TextWriter.Null, TextWriter.Null, isTerminal: false)).Subcommands.Single(c => c.Name == "silo");
        var known = silo.Options.SelectMany(o => o.Aliases.Append(o.Name)).ToHashSet();
        var used = words.Where(w => w.StartsWith("--", StringComparison.Ordinal) && !w.StartsWith("--blob", StringComparison.Ordinal)
            && !w.StartsWith("--table", StringComparison.Ordinal) && w is not ("--skipApiVersionCheck" or "--location")).ToList();
        Assert.NotEmpty(used);
        Assert.All(used, option => Assert.Contains(option, known));
    }

    [Theory]
    [MemberData(nameof(YamlFiles))]
    public void Every_file_is_yaml_and_every_object_is_named(string file)
    {
        foreach (var document in Documents(file))
        {
            if (file.StartsWith("kubernetes", StringComparison.Ordinal) && !file.EndsWith("kustomization.yaml", StringComparison.Ordinal))
            {
                Assert.NotNull(Child(document, "apiVersion"));
                Assert.NotNull(Child(document, "kind"));
                Assert.NotNull(Child(Child(document, "metadata")!, "name"));
            }
        }
    }

    [Fact]
    public void The_kustomization_names_every_manifest_and_nothing_else()
    {
        var folder = Path.Combine(s_deploy, "kubernetes");
        var named = ((YamlSequenceNode)Child(Documents("kubernetes/kustomization.yaml")[0], "resources")!).Select(n => n.ToString()).Order();
        var there = Directory.EnumerateFiles(folder, "*.yaml").Select(Path.GetFileName).Where(f => f != "kustomization.yaml").Order();
        Assert.Equal(there, named);
    }

    [Theory]
    [InlineData("kubernetes/parameters.yaml", "StatefulSet")]
    [InlineData("kubernetes/workers.yaml", "Deployment")]
    public void Pods_are_selected_probed_limited_and_not_root(string file, string kind)
    {
        var workload = Documents(file).Single(d => Child(d, "kind")!.ToString() == kind);
        var spec = Child(workload, "spec")!;
        var labels = Child(Child(Child(spec, "template")!, "metadata")!, "labels")!;
        foreach (var (key, value) in ((YamlMappingNode)Child(Child(spec, "selector")!, "matchLabels")!).Children)
            Assert.Equal(value, Child(labels, key.ToString()));
        var pod = Child(Child(spec, "template")!, "spec")!;
        Assert.Equal("true", Child(Child(pod, "securityContext")!, "runAsNonRoot")!.ToString());
        var container = ((YamlSequenceNode)Child(pod, "containers")!).Single();
        foreach (var part in new[] { "startupProbe", "readinessProbe", "livenessProbe", "resources" })
            Assert.NotNull(Child(container, part));

        // Who asks Kubernetes for pods may, and says who it is.
        Assert.Contains(Documents("kubernetes/access.yaml"), d => Child(d, "kind")!.ToString() == "ServiceAccount" && Child(Child(d, "metadata")!, "name")!.Equals(Child(pod, "serviceAccountName")));
        var environment = ((YamlSequenceNode)Child(container, "env")!).Select(e => Child(e, "name")!.ToString()).ToList();
        Assert.All(["POD_NAME", "POD_NAMESPACE", "POD_IP"], name => Assert.Contains(name, environment));

        // The grace period outlives the drain, or the drain is cut short by SIGKILL.
        var arguments = ((YamlSequenceNode)Child(container, "args")!).Select(a => a.ToString()).ToList();
        Assert.True(int.Parse(Child(pod, "terminationGracePeriodSeconds")!.ToString()) > int.Parse(arguments[arguments.IndexOf("--drain") + 1]));
        Assert.Equal(arguments[arguments.IndexOf("--ready-file") + 1], ((YamlSequenceNode)Child(Child(Child(container, "readinessProbe")!, "exec")!, "command")!).Last().ToString());
    }

    [Theory]
    [MemberData(nameof(Dockerfiles))]
    public void A_dockerfile_copies_what_is_there_and_does_not_run_as_root(string file)
    {
        var lines = File.ReadAllLines(Path.Combine(s_deploy, file));
        var stages = lines.Select(l => Stage().Match(l)).Where(m => m.Success).Select(m => m.Groups[1].Value).ToHashSet();
        Assert.True(stages.Count >= 2, "It is multi-stage.");
        Assert.All(lines.Select(l => From().Match(l)).Where(m => m.Success), m => Assert.Contains(m.Groups[1].Value, stages));
        foreach (var source in lines.Where(l => l.StartsWith("COPY ", StringComparison.Ordinal) && !l.Contains("--from=", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]))
            Assert.True(Directory.Exists(Path.Combine(ProjectFiles.Root, source)), source);
        foreach (Match project in Project().Matches(string.Join('\n', lines)))
            Assert.True(File.Exists(Path.Combine(ProjectFiles.Root, project.Value)), project.Value);
        Assert.Contains(lines, l => l.StartsWith("HEALTHCHECK ", StringComparison.Ordinal));
        Assert.Equal("USER 10001", lines.Last(l => l.StartsWith("USER ", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"^FROM \S+ AS (\S+)")]
    private static partial Regex Stage();

    [GeneratedRegex(@"^COPY --from=(\S+)")]
    private static partial Regex From();

    [GeneratedRegex(@"[a-z]+/\S+\.csproj")]
    private static partial Regex Project();

    private static List<YamlNode> Documents(string file)
    {
        using var text = File.OpenText(Path.Combine(s_deploy, file));
        var stream = new YamlStream();
        stream.Load(text);
        return [.. stream.Documents.Select(d => d.RootNode)];
    }

    private static YamlNode? Child(YamlNode node, string key) => ((YamlMappingNode)node).Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;

    private static IEnumerable<string> Scalars(string file) => Documents(file).SelectMany(d => d.AllNodes.OfType<YamlScalarNode>()).Select(n => n.Value ?? "");
}
