using System.Globalization;
using System.Text;
using SslOrleans.Contracts;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Data.Tables;

/// <summary>
/// A table for machines without one, of known structure: four hidden coins; each moves five numeric columns and the odds of a categorical one, with noise; eight more
/// columns are noise alone; 3 % of the cells are missing. The class is which of the first two coins and of the last two differ: four classes that no
/// linear rule of the columns tells, and that every half of the columns holds. A pure function of the seed.
/// </summary>
public static class GeneratedTable
{
    private const int Coins = 4;
    private const int Numbers = 5;
    private const int Noise = 8;
    private const double Missing = 0.03;

    private static readonly string[] s_words = ["amber", "birch", "cedar", "delta"];

    /// <summary>Writes <c>generated-train.csv</c> and <c>generated-test.csv</c>.</summary>
    /// <exception cref="UserErrorException">The folder holds a table, or cannot be written.</exception>
    public static void Write(string folder, int train, int test, ulong seed)
    {
        try
        {
            Directory.CreateDirectory(folder);
            if (Directory.EnumerateFiles(folder, "*.csv").FirstOrDefault() is { } there)
                throw new UserErrorException($"'{folder}' already holds '{Path.GetFileName(there)}'; choose an empty folder or remove the table.");
            File.WriteAllText(Path.Combine(folder, "generated-train.csv"), Text(seed, 0, train));
            File.WriteAllText(Path.Combine(folder, "generated-test.csv"), Text(seed, 1, test));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"Cannot write the table into '{folder}': {failure.Message}; free space or choose another folder.", failure);
        }
    }

    /// <summary>A split with its first line.</summary>
    public static string Text(ulong seed, int split, int rows)
    {
        var text = new StringBuilder();
        string[] names =
        [
            .. Enumerable.Range(0, Coins * Numbers).Select(i => $"n{i + 1}"), .. Enumerable.Range(0, Coins).Select(i => $"word{i + 1}"), .. Enumerable.Range(0, Noise).Select(i => $"noise{i + 1}"), "class",
        ];
        text.AppendJoin(',', names).Append('\n');
        for (var row = 0; row < rows; row++)
            text.AppendJoin(',', Row(new RandomStream(seed, Purpose.GeneratedData, split, row, 2))).Append('\n');
        return text.ToString();
    }

    private static List<string> Row(RandomStream random)
    {
        var cells = new List<string>();
        var coins = new bool[Coins];
        foreach (ref var coin in coins.AsSpan())
            coin = random.NextBool(0.5f);
        for (var i = 0; i < Coins * Numbers; i++)
            cells.Add(Number((coins[i % Coins] ? 1 : -1) + (0.9f * random.NextNormal()), ref random));
        for (var i = 0; i < Coins; i++)
            cells.Add(random.NextBool((float)Missing) ? "" : s_words[(random.NextBool(0.8f) == coins[i] ? 2 : 0) + (random.NextBool(0.5f) ? 1 : 0)]);
        for (var i = 0; i < Noise; i++)
            cells.Add(Number(random.NextNormal(), ref random));
        cells.Add($"{(coins[0] != coins[1] ? "differ" : "agree")}-{(coins[2] != coins[3] ? "differ" : "agree")}");
        return cells;
    }

    private static string Number(float value, ref RandomStream random) => random.NextBool((float)Missing) ? "" : value.ToString("0.###", CultureInfo.InvariantCulture);
}
