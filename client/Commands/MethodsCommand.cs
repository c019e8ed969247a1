using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo methods</c>.</summary>
public static class MethodsCommand
{
    public static Command Build(Screen screen)
    {
        var name = new Argument<string?>("method") { Description = "One method, with its tensors, settings and recipes.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("methods", "The methods that recipes can name.") { name };
        command.SetAction(parsed =>
        {
            var one = parsed.GetValue(name);
            var methods = one is null ? MethodCatalog.All : [MethodCatalog.Find(one)];
            if (screen.Json)
                Json(screen, methods);
            else if (one is null)
                screen.Table(["method", "family", "row", "proofs", "paper"], methods.Select(m => new[] { m.Name, m.Family, m.Inventory, MethodProofs.Of(m.Name).Summary, m.Paper }));
            else
                Describe(screen, methods[0]);
            return ExitCodes.Well;
        });
        return command;
    }

    private static void Json(Screen screen, IReadOnlyList<MethodAttribute> methods)
    {
        var recipes = Recipes();
        foreach (var m in methods)
        {
            var tensors = MethodTensors.Of(m.Name);
            screen.JsonLine(new
            {
                m.Name,
                m.Family,
                m.Inventory,
                m.Paper,
                embeddings = tensors.Embeddings.Select(t => new { t.Name, t.Shape, gradient = t.HasGradient }),
                state = tensors.State.Select(t => new { t.Name, t.Shape }),
                loss = MethodCatalog.DefaultOptions(m.Name),
                recipes = recipes[m.Name],
                proofs = MethodProofs.Of(m.Name),
            });
        }
    }

    private static void Describe(Screen screen, MethodAttribute m)
    {
        var tensors = MethodTensors.Of(m.Name);
        screen.Line($"{m.Name}: {m.Family}, row {m.Inventory}");
        screen.Line($"paper       {m.Paper}");
        foreach (var t in tensors.Embeddings)
            screen.Line($"embedding   {t.Name} {t.Shape}{(t.HasGradient ? "" : ", no gradient")}");
        foreach (var t in tensors.State)
            screen.Line($"state       {t.Name} {t.Shape}");
        foreach (var (key, value) in MethodCatalog.DefaultOptions(m.Name))
            screen.Line($"setting     loss.{key} = {value?.ToJsonString() ?? "unset"}");
        foreach (var recipe in Recipes()[m.Name])
            screen.Line($"recipe      {recipe}");
        foreach (var line in MethodProofs.Of(m.Name).Lines)
            screen.Line($"proof       {line}");
        screen.Line("N images, D width of the projections, F of the features, K prototypes or clusters, L rows of a queue, H hidden patches, p side of a patch");
    }

    private static ILookup<string, string> Recipes()
        => ProjectFiles.RecipeFiles().Where(f => !ProjectFiles.Name(f).Contains('/')).ToLookup(f => RecipeReader.Read(f).Method, ProjectFiles.Name);
}
