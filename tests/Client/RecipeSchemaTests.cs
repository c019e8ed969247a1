using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using SslOrleans.Client.CommandLine;

namespace SslOrleans.Client.Tests;

/// <summary>The schema that recipes name says what the reader says.</summary>
public sealed class RecipeSchemaTests
{
    private static readonly JsonDocumentOptions s_document = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static readonly Lazy<JsonSchema> s_schema = new(() => JsonSchema.FromFile(SchemaFile));

    private static string SchemaFile => Path.Combine(ProjectFiles.Recipes, "recipe.schema.json");

    [Fact]
    public async Task The_file_is_what_the_command_prints()
    {
        var call = await Invocation.Of("recipe", "schema");
        Assert.Equal(0, call.Code);
        Assert.True(File.ReadAllText(SchemaFile) == call.Output, $"{SchemaFile} is not what `sslo recipe schema` prints; write it anew.");
    }

    [Fact]
    public void Every_recipe_names_it_and_keeps_to_it()
    {
        Assert.All(Directory.GetFiles(ProjectFiles.Recipes, "*.jsonc", SearchOption.AllDirectories), file =>
        {
            var recipe = JsonNode.Parse(File.ReadAllText(file), documentOptions: s_document)!;
            var named = recipe["$schema"]?.GetValue<string>();
            Assert.Equal(Path.GetFullPath(SchemaFile), named is null ? null : Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, named)));
            Assert.True(IsValid(recipe), file);
        });
    }

    [Theory]
    [InlineData("""{ "method": "simclr", "loss": { "temperature": 0.5 }, "projector": { "shape": 128 } }""", true)]
    [InlineData("""{ "method": "simclr", "loss": { "temprature": 0.5 } }""", false)]
    [InlineData("""{ "method": "barlowtwins", "loss": { "temperature": 0.5 } }""", false)]
    [InlineData("""{ "method": "simcrl" }""", false)]
    [InlineData("""{ "method": "simclr", "optimiser": {} }""", false)]
    [InlineData("""{ "method": "simclr", "batch": { "effective": "many" } }""", false)]
    [InlineData("""{ "method": "simclr", "views": [ { "crop": { "sise": 32 } } ] }""", false)]
    public void It_knows_what_the_reader_knows(string recipe, bool valid)
        => Assert.Equal(valid, IsValid(JsonNode.Parse(recipe)!));

    private static bool IsValid(JsonNode recipe) => s_schema.Value.Evaluate(JsonSerializer.SerializeToElement(recipe)).IsValid;
}
