using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Losses;
using SslOrleans.Learning.Methods;
using static SslOrleans.Learning.Tests.LossAlone;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests;

/// <summary>What the papers say of methods of tables, and can be checked small.</summary>
public class TableMethodTests
{
    [Fact]
    [Trait("Method", "scarf")]
    public void Rows_that_look_alike_lose_ln_N_and_the_anchor_is_the_clean_row()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(Math.Log(6), ScarfLoss.Loss(ones(6, 5), ones(6, 5), 1).item<float>(), 1e-5);
        Assert.NotEqual(ScarfLoss.Loss(Draw(1), Draw(2), 1).item<float>(), ScarfLoss.Loss(Draw(2), Draw(1), 1).item<float>(), 1e-4f);
    }

    [Fact]
    [Trait("Method", "saint")]
    public void The_anchor_is_the_clean_row_and_what_comes_back_depends_on_the_row_that_was_mixed_in()
    {
        using var scope = NewDisposeScope();
        using var off = no_grad();
        var text = RecipeReader.Write(SmallRun.Recipe("saint"));
        var (whole, again, mixed) = (Of(1), Of(1), Of(0.2));
        Assert.Equal(Values(whole, "z1"), Values(mixed, "z1"));
        Assert.Equal(Values(whole, "prediction"), Values(again, "prediction"));
        Assert.NotEqual(Values(whole, "prediction"), Values(mixed, "prediction"));
        Assert.NotEqual(Values(whole, "z2"), Values(mixed, "z2"));
        Assert.Contains("loss.mixup is 2", Assert.Throws<UserErrorException>(() => Of(2)).Message, StringComparison.Ordinal);

        Embeddings Of(double mixup)
        {
            var recipe = RecipeReader.Parse(text, [FormattableString.Invariant($"loss.mixup={mixup}")]);
            var method = MethodCatalog.Create(recipe);
            using var networks = method.Build();
            Initialization.Reset(networks.Student, 1);
            networks.Student.eval();
            var rows = tensor(new[] { 1f, 0, 2, 1, 0, 1, -1, 0, 3, 1, 0, 2 }).reshape(3, 4);
            return method.Encode(networks, new Views([rows, rows], [null, null]), Step(3));
        }

        static float[] Values(Embeddings found, string name) => found[name].data<float>().ToArray();
    }

    [Fact]
    [Trait("Method", "vime")]
    public void Only_cells_with_another_value_count_as_replaced_and_missing_ones_are_not_asked_for()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("vime");
        var method = MethodCatalog.Create(recipe);
        using var networks = method.Build();
        Initialization.Reset(networks.Student, 1);
        var clean = tensor(new[] { 1f, float.NaN, 2f, 3f, 1f, 0f, float.NaN, 1f }).reshape(2, 4);
        var corrupted = tensor(new[] { 1f, float.NaN, 5f, 0f, 1f, 7f, float.NaN, float.NaN }).reshape(2, 4);
        var found = method.Encode(networks, new Views([clean, corrupted], [null, null]), Step(2));

        Assert.Equal([0f, 0, 1, 1, 0, 1, 0, 1], found["replaced"].data<float>().ToArray());
        Assert.Equal([1f, 0, 1, 1, 1, 1, 0, 1], found["known"].data<float>().ToArray());
        var loss = method.Loss(found, MethodState.Empty, Step(2)).item<float>();
        var other = new Embeddings { { "mask", found["mask"] }, { "prediction", found["prediction"] }, { "replaced", found["replaced"] }, { "known", found["known"] }, { "cells", where(found["known"].gt(0), found["cells"], 2f) } };
        Assert.Equal(loss, method.Loss(other, MethodState.Empty, Step(2)).item<float>());
    }

    [Fact]
    [Trait("Method", "subtab")]
    public void Without_contrast_and_distance_it_is_the_mean_reconstruction_of_its_groups()
    {
        using var scope = NewDisposeScope();
        var recipe = SmallRun.Recipe("subtab") with { Loss = new() { ["contrast"] = 0, ["distance"] = 0 } };
        var columns = recipe.Table.Used;
        var (cells, known) = (zeros(6, 4), ones(6, 4));
        var embeddings = new Embeddings { { "cells", cells }, { "known", known } };
        for (var v = 2; v <= 4; v++)
        {
            embeddings.Add($"z{v}", Draw(v));
            embeddings.Add($"prediction{v}", Draw(10 + v, 6, 7));
        }

        var mean = Enumerable.Range(12, 3).Average(n => RowLoss.Cells(Draw(n, 6, 7), cells, known, columns).item<float>());
        Same(MethodCatalog.Create(recipe).Loss(embeddings, MethodState.Empty, Step(6)).item<float>(), mean);
    }

    [Fact]
    public void AMissingCellAndAnUnknownWordHaveInputsOfTheirOwn()
    {
        using var scope = NewDisposeScope();
        using var mlp = (TableMlp)BackboneCatalog.Create(SmallRun.Recipe("scarf"));
        var inputs = mlp.Inputs(tensor(new[] { 0.5f, float.NaN, -1f, 2f, 0f, 0f, 0f, float.NaN }).reshape(2, 4));

        Assert.Equal([0.5f, 0, -1, 0, 1, 0, 0, 0, 1, 0, 0], inputs[0].data<float>().ToArray());
        Assert.Equal([0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], inputs[1].data<float>().ToArray());
    }

    [Fact]
    public void AnImageBackboneOnATableIsRefusedByName()
        => Assert.Contains("use one of table-mlp", Assert.Throws<UserErrorException>(() => BackboneCatalog.Create(SmallRun.Recipe("scarf") with { Backbone = new BackboneRecipe() })).Message);
}
