using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Data.Tables;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Data;

/// <summary>Tables: what columns are taken for, what is refused, and that views are a pure function of their positions.</summary>
public sealed class TableTests : IDisposable
{
    private const string People = """
        id,age,town,flag,one,odd,class
        a1,30,Ulm,yes,5,1,x
        a2,,Bonn,no,5,2,y
        a3,50,"Ulm",NA,5,n/k,x
        a4,40,"Bonn",yes,5,3,y
        a5,20,Ulm,no,5,4,x
        a6,40,Bonn,yes,5,5,y
        a7,30,Ulm,no,5,6,
        a8,30,Köln,yes,5,7,x
        a9,30,Köln,no,5,8,y
        b1,30,Köln,no,5,9,x
        b2,30,Köln,no,5,10,x
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void ColumnsAreInferredFromTheTrainingRowsSaidAndKept()
    {
        Write("t-train.csv", People);
        Write("t-test.csv", "class,odd,one,flag,town,age,id\ny,3,5,no,Trier,25,z\nw,3,5,no,Ulm,abc,z\n");
        using var data = Open();
        var recipe = TableColumns.Described(Recipe(), Files);

        Assert.Equal(
            [("id", ColumnType.Ignored), ("age", ColumnType.Numeric), ("town", ColumnType.Categorical), ("flag", ColumnType.Categorical), ("one", ColumnType.Ignored), ("odd", ColumnType.Numeric)],
            recipe.Table.Columns.Select(c => (c.Name, c.Type)));
        Assert.Equal(["Bonn", "Köln", "Ulm"], recipe.Table.Columns[2].Words);
        Assert.Equal(33, recipe.Table.Columns[1].Mean, 1e-9);
        Assert.Contains(data.Notes, n => n.StartsWith("columns: numeric age, odd; categorical town, flag; ignored id, one; label class", StringComparison.Ordinal));
        Assert.Contains("column \"odd\": 1 of 11 cells are no numbers and count as missing (the first: \"n/k\" in row 3)", data.Notes);
        Assert.Equal(["x", "y"], data.Classes);
        var again = RecipeReader.Parse(RecipeReader.Write(recipe));
        Assert.Empty(RecipeReader.Differences(recipe, again));

        // age −8/σ, Trier is no word of the column, flag "no" is word 0, odd 3; the second row's age is no number.
        var test = data.Evaluation(test: true)!;
        Assert.Equal((2, 4L), (test.Count, test.Shape[0]));
        var cells = test.Read(0, 2);
        Assert.Equal((float)(-8 / recipe.Table.Columns[1].StandardDeviation), cells[0]);
        Assert.True(float.IsNaN(cells[1]) && cells[2] == 0 && float.IsNaN(cells[4]) && cells[5] == 2);
        Assert.Null(test.Labels); // "w" is no class of the training rows
    }

    [Fact]
    public void ARecipesTypesHoldAndUnknownColumnsAreRefusedWithTheNearest()
    {
        Write("t.csv", People);
        var recipe = TableColumns.Described(Recipe("""table.columns=[{"name":"odd","type":"categorical"},{"name":"town","type":"ignored"}]"""), Files);

        Assert.Equal(ColumnType.Categorical, recipe.Table.Columns.Single(c => c.Name == "odd").Type);
        Assert.Equal(ColumnType.Ignored, recipe.Table.Columns.Single(c => c.Name == "town").Type);
        Assert.Contains("table.label is \"clas\"", Refused("table.label=clas"), StringComparison.Ordinal);
        Assert.Contains("the nearest known one is \"class\"", Refused("table.label=clas"), StringComparison.Ordinal);
        Assert.Contains("table.columns names \"twn\"", Refused("""table.columns=[{"name":"twn"}]"""), StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutNamedSplitsEveryFifthRowIsHeldOutAndNoneIsInBoth()
    {
        Write("t.csv", "a,b\n" + string.Join('\n', Enumerable.Range(0, 25).Select(i => $"{i},{i % 3}")));
        var train = CsvTable.Read(Files(), "train");
        var test = CsvTable.Read(Files(), "test");

        Assert.Equal(["4", "9", "14", "19", "24"], test.Rows.Select(r => r[0]));
        Assert.Equal(20, train.Rows.Count);
        Assert.Empty(train.Rows.Select(r => r[0]).Intersect(test.Rows.Select(r => r[0])));
    }

    [Theory]
    [InlineData("a,b\n1,2\n3\n", "is no table")]
    [InlineData("a,a\n1,2\n", "is no table: Col name 'a'")]
    [InlineData("", "is empty")]
    [InlineData("a,b\n", "no rows in split")]
    public void WhatIsNoTableIsRefusedInOneLine(string text, string says)
    {
        Write("t-train.csv", text);
        var refused = Assert.Throws<UserErrorException>(() => CsvTable.Read(Files(), "train")).Message;
        Assert.Contains(says, refused, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused);
    }

    [Fact]
    public void FilesWithOtherColumnsOrOtherBytesAreRefusedByName()
    {
        Write("a-train.csv", "x,y\n1,2\n");
        Write("b-train.csv", "y,z\n1,2\n");
        Assert.Contains("b-train.csv has no column \"x\"", Assert.Throws<UserErrorException>(() => CsvTable.Read(Files(), "train")).Message, StringComparison.Ordinal);
        _folder.Write("b-train.csv", [0x78, 0x2C, 0x79, 0x0A, 0xC3, 0x28, 0x2C, 0x31]);
        Assert.Contains("b-train.csv is not UTF-8", Assert.Throws<UserErrorException>(() => CsvTable.Read(Files(), "train")).Message, StringComparison.Ordinal);
        Write("b-train.csv", "y,x\n4,3\n");
        Assert.Equal(["1", "3"], CsvTable.Read(Files(), "train").Rows.Select(r => r[0]));
    }

    [Fact]
    public void ACorruptedViewHasTheShareOfOtherRowsCellsAndIsAPureFunctionOfItsPosition()
    {
        Write("t.csv", GeneratedTable.Text(1, 0, 200));
        using var data = Open("views.1.row.corruption=0.5");
        var whole = data.Render(0, 160);
        var (clean, corrupted) = (whole.Views[0].Values, whole.Views[1].Values);
        var columns = (int)whole.Views[0].Shape[0];
        Assert.Equal(32, columns);
        for (var row = 0; row < 160; row++)
        {
            // ⌊0.5·32⌋ cells; a few draw their own value or a missing one again.
            var changed = Enumerable.Range(row * columns, columns).Count(i => !clean[i].Equals(corrupted[i]));
            Assert.InRange(changed, 8, 16);
        }

        for (var column = 0; column < columns; column++)
        {
            var marginal = Enumerable.Range(0, 160).Select(r => clean[(r * columns) + column]).ToHashSet();
            Assert.All(Enumerable.Range(0, 160), r => Assert.Contains(corrupted[(r * columns) + column], marginal));
        }

        Assert.Equal(corrupted.AsSpan(64 * columns, 32 * columns), data.Render(64, 32).Views[1].Values.AsSpan());
    }

    [Fact]
    public void GroupsOfColumnsOverlapAndCoverAll()
    {
        Write("t.csv", GeneratedTable.Text(1, 0, 50));
        using var data = Open("""views=[{"kind":"row"},{"kind":"row","count":4,"row":{"groups":4,"overlap":0.5}}]""");
        var views = data.Render(0, 1).Views;
        var clean = views[0].Values;
        var kept = views.Skip(1).Select(v => Enumerable.Range(0, 32).Where(c => !float.IsNaN(v.Values[c])).ToHashSet()).ToList();

        Assert.All(kept, k => Assert.InRange(k.Count, 9, 12));
        Assert.Equal(Enumerable.Range(0, 32).Where(c => !float.IsNaN(clean[c])), kept.SelectMany(k => k).Distinct().Order());
        Assert.NotEmpty(kept[0].Intersect(kept[1]));
        Assert.Empty(kept[0].Intersect(kept[2]));
    }

    public void Dispose() => _folder.Dispose();

    private string Refused(string setting) => Assert.Throws<UserErrorException>(() => TableColumns.Described(Recipe(setting), Files)).Message;

    private void Write(string name, string text) => _folder.Write(name, Encoding.UTF8.GetBytes(text));

    private FolderFiles Files() => new(_folder.Path);

    private TableTrainingData Open(params string[] settings) => (TableTrainingData)TrainingData.Open(Recipe(settings), QuickRecipes.Access(_folder.Path));

    private static Recipe Recipe(params string[] settings) => RecipeReader.Parse("""
        { "name": "t", "method": "scarf", "seed": 3, "batch": { "effective": 4, "micro": 4 }, "data": { "modality": "table" }, "table": { "label": "class" },
          "backbone": { "name": "table-mlp-small" }, "views": [ { "kind": "row" }, { "kind": "row", "row": { "corruption": 0.6 } } ] }
        """, settings);
}
