using System.CommandLine;
using System.Text.Json.Nodes;
using SslOrleans.Client.CommandLine;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo recipe list|show|check|diff|schema</c>.</summary>
public static class RecipeCommand
{
    public static Command Build(Screen screen) => new("recipe", "Recipes: what a run is made of.")
    {
        List(screen),
        Show(screen),
        Check(screen),
        Diff(screen),
        Schema(screen),
    };

    private static Command List(Screen screen)
    {
        var command = new Command("list", "The recipes that come with the project.");
        command.SetAction(_ =>
        {
            var rows = new List<string[]>();
            var code = ExitCodes.Well;
            foreach (var file in ProjectFiles.RecipeFiles())
            {
                var name = ProjectFiles.Name(file);
                try
                {
                    var r = RecipeReader.Read(file);
                    if (screen.Json)
                        screen.JsonLine(new { name, file, r.Method, backbone = r.Backbone.Name, batch = r.Batch.Effective, r.Epochs, r.Steps, r.Description });
                    rows.Add([name, r.Method, r.Backbone.Name, $"{r.Batch.Effective}", Length(r), r.Description]);
                }
                catch (UserErrorException e)
                {
                    code = ExitCodes.UserMistake;
                    screen.Note($"sslo: {e.Message}");
                }
            }

            if (!screen.Json)
                screen.Table(["recipe", "method", "backbone", "batch", "length", "what"], rows);
            return code;
        });
        return command;
    }

    private static Command Schema(Screen screen)
    {
        var command = new Command("schema", "The JSON schema of recipes, for editors that complete and check; recipes/recipe.schema.json is this.");
        command.SetAction(_ =>
        {
            var schema = RecipeSchema.Build();
            if (screen.Json)
                screen.JsonLine(schema);
            else
                screen.Line(schema.ToJsonString(RecipeReader.SerializerOptions));
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Show(Screen screen)
    {
        var recipe = CommonOptions.Recipe();
        var set = CommonOptions.Set();
        var command = new Command("show", "A recipe with everything that it extends and every default written out.") { recipe, set };
        command.SetAction(parsed =>
        {
            var text = RecipeReader.Write(RecipeReader.Read(ProjectFiles.FindRecipe(parsed.GetRequiredValue(recipe)), parsed.GetValue(set)));
            if (screen.Json)
                screen.JsonLine(JsonNode.Parse(text)!);
            else
                screen.Line(text);
            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Check(Screen screen)
    {
        var recipe = CommonOptions.Recipe();
        var set = CommonOptions.Set();
        var command = new Command("check", "Reads a recipe as training would, and says what is wrong or what it amounts to.") { recipe, set };
        command.SetAction(parsed =>
        {
            var file = ProjectFiles.FindRecipe(parsed.GetRequiredValue(recipe));
            var r = RecipeReader.Read(file, parsed.GetValue(set));
            var (method, start) = RecipeTrial.Run(r);
            if (screen.Json)
            {
                screen.JsonLine(new
                {
                    ok = true,
                    r.Name,
                    file,
                    r.Method,
                    coupled = method.Coupled,
                    batch = r.Batch.Effective,
                    microBatches = r.Batch.MicroBatches,
                    views = r.Views.Sum(v => v.Count),
                    r.Epochs,
                    r.Steps,
                    start,
                });
            }
            else
            {
                screen.Line($"{ProjectFiles.Short(file)} is well: {r.Method} on {r.Backbone.Name}, batch {r.Batch.Effective} = "
                    + $"{r.Batch.MicroBatches} micro-batches of {r.Batch.Micro}, {r.Views.Sum(v => v.Count)} views an image, {Length(r)}.");
                if (start is not null)
                    screen.Line(start);
            }

            return ExitCodes.Well;
        });
        return command;
    }

    private static Command Diff(Screen screen)
    {
        var first = new Argument<string>("a") { Description = "A recipe file or name." };
        var second = new Argument<string>("b") { Description = "Another." };
        var command = new Command("diff", "The keys in which two recipes differ, defaults included.") { first, second };
        command.SetAction(parsed =>
        {
            var a = RecipeReader.Read(ProjectFiles.FindRecipe(parsed.GetRequiredValue(first)));
            var b = RecipeReader.Read(ProjectFiles.FindRecipe(parsed.GetRequiredValue(second)));
            var differences = RecipeReader.Differences(a, b);
            if (screen.Json)
                screen.JsonLine(new { differences });
            foreach (var line in differences)
                screen.Line(line);
            if (differences.Count == 0)
                screen.Line("They are the same.");

            return ExitCodes.Well;
        });
        return command;
    }

    private static string Length(Recipe r) => r.Steps > 0 ? $"{r.Steps} steps" : $"{r.Epochs} epochs";
}
