using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Learning.Methods;

/// <summary>The JSON schema of recipes (draft 2020-12), by which editors complete keys and mark mistakes; a recipe names it as <c>$schema</c>.</summary>
public static class RecipeSchema
{
    private static readonly JsonSerializerOptions s_options = new(RecipeReader.SerializerOptions) { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly JsonSchemaExporterOptions s_export = new()
    {
        TreatNullObliviousAsNonNullable = true,
        TransformSchemaNode = Closed,
    };

    /// <summary>The schema, with the keys of <c>loss</c> that each method of the catalogue takes.</summary>
    public static JsonObject Build()
    {
        var schema = Of(typeof(Recipe));
        var keys = schema["properties"]!.AsObject();
        keys.Insert(0, RecipeReader.SchemaKey, Text());
        keys.Insert(1, "extends", Text());
        keys["method"] = new JsonObject { ["enum"] = Words(MethodCatalog.All.Select(m => m.Name)) };
        keys["loss"] = new JsonObject { ["type"] = "object" };
        schema["allOf"] = new JsonArray([.. MethodCatalog.All.Select(LossOf)]);
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "SslOrleans recipe");
        return schema;
    }

    /// <summary>Where the method is this one, its own keys stand under <c>loss</c>.</summary>
    private static JsonNode LossOf(MethodAttribute method) => new JsonObject
    {
        ["if"] = new JsonObject { ["properties"] = new JsonObject { ["method"] = new JsonObject { ["const"] = method.Name } }, ["required"] = new JsonArray("method") },
        ["then"] = new JsonObject { ["properties"] = new JsonObject { ["loss"] = MethodCatalog.OptionsOf(method.Name) is { } options ? Of(options) : new JsonObject { ["type"] = "object", ["maxProperties"] = 0 } } },
    };

    private static JsonObject Of(Type type) => s_options.GetJsonSchemaAsNode(type, s_export).AsObject();

    /// <summary>Unknown keys are refused, defaults are shown, and a text may be written as a whole number (<c>"shape": 128</c>).</summary>
    private static JsonNode Closed(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (context.TypeInfo.Type == typeof(string))
            return Text();
        if (schema is not JsonObject o)
            return schema;
        if (o["enum"] is null && o["properties"] is not null && context.TypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            o["additionalProperties"] = false;
            o.Remove("required");
        }

        return o;
    }

    private static JsonObject Text() => new() { ["type"] = new JsonArray("string", "integer") };

    private static JsonArray Words(IEnumerable<string> words) => new([.. words.Select(w => (JsonNode)w)]);
}
