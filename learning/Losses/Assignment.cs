namespace SslOrleans.Learning.Losses;

/// <summary>One-to-one assignment by shortest augmenting paths (Kuhn 1955; Jonker and Volgenant 1987), O(n³).</summary>
public static class Assignment
{
    /// <summary>The column of each row that makes the sum of the values largest.</summary>
    /// <param name="n">Rows and columns.</param>
    /// <param name="value">Value of (row, column).</param>
    public static int[] Maximize(int n, Func<int, int, float> value)
    {
        var (rowPrice, columnPrice) = (new double[n + 1], new double[n + 1]);
        var (rowOf, previous) = (new int[n + 1], new int[n + 1]);
        for (var row = 1; row <= n; row++)
        {
            var (least, seen) = (Enumerable.Repeat(double.PositiveInfinity, n + 1).ToArray(), new bool[n + 1]);
            rowOf[0] = row;
            var at = 0;
            while (rowOf[at] != 0)
            {
                seen[at] = true;
                var (delta, next) = (double.PositiveInfinity, 0);
                for (var column = 1; column <= n; column++)
                {
                    if (seen[column])
                        continue;
                    var cost = -value(rowOf[at] - 1, column - 1) - rowPrice[rowOf[at]] - columnPrice[column];
                    if (cost < least[column])
                        (least[column], previous[column]) = (cost, at);
                    if (least[column] < delta)
                        (delta, next) = (least[column], column);
                }

                for (var column = 0; column <= n; column++)
                {
                    if (seen[column])
                    {
                        rowPrice[rowOf[column]] += delta;
                        columnPrice[column] -= delta;
                    }
                    else
                    {
                        least[column] -= delta;
                    }
                }

                at = next;
            }

            for (; at != 0; at = previous[at])
                rowOf[at] = rowOf[previous[at]];
        }

        var columns = new int[n];
        for (var column = 1; column <= n; column++)
            columns[rowOf[column] - 1] = column - 1;
        return columns;
    }
}
