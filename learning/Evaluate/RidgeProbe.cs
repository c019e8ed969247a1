namespace SslOrleans.Learning.Evaluate;

/// <summary>Ridge regression of numbers on standardised features, in closed form (penalty 1, no penalty on the mean), in double precision.</summary>
public static class RidgeProbe
{
    private const double Penalty = 1;

    /// <summary>R² on the test rows, mean over the S numbers: 1 − Σ(y − ŷ)² / Σ(y − ȳ)².</summary>
    /// <param name="train">Features <c>[N, D]</c>.</param>
    /// <param name="trainValues"><c>[N, S]</c>, row-major.</param>
    /// <param name="test">Features <c>[M, D]</c>.</param>
    /// <param name="testValues"><c>[M, S]</c>, row-major.</param>
    public static double Evaluate(FeatureMatrix train, float[] trainValues, FeatureMatrix test, float[] testValues)
    {
        var (n, m, d, s) = (train.Count, test.Count, train.Width, trainValues.Length / train.Count);
        var (x, mean, deviation) = Standardised(train);
        var y = Means(trainValues, n, s);
        var (gram, moment) = (new double[d, d], new double[d, s]);
        for (var row = 0; row < n; row++)
        {
            for (var i = 0; i < d; i++)
            {
                var v = x[(row * d) + i];
                for (var j = 0; j <= i; j++)
                    gram[i, j] += v * x[(row * d) + j];
                for (var k = 0; k < s; k++)
                    moment[i, k] += v * (trainValues[(row * s) + k] - y[k]);
            }
        }

        for (var i = 0; i < d; i++)
            gram[i, i] += Penalty;
        Solve(gram, moment, d, s);
        var (held, sum) = (Means(testValues, m, s), 0.0);
        for (var k = 0; k < s; k++)
        {
            var (rest, all) = (0.0, 0.0);
            for (var row = 0; row < m; row++)
            {
                var own = test.Rows(row, 1);
                var predicted = y[k];
                for (var i = 0; i < d; i++)
                    predicted += (own[i] - mean[i]) / deviation[i] * moment[i, k];
                var value = testValues[(row * s) + k];
                rest += (value - predicted) * (value - predicted);
                all += (value - held[k]) * (value - held[k]);
            }

            sum += all > 0 ? 1 - (rest / all) : throw new ProbeException($"number {k} of the states is the same in all test samples");
        }

        return sum / s;
    }

    private static (double[] X, double[] Mean, double[] Deviation) Standardised(FeatureMatrix features)
    {
        var (n, d) = (features.Count, features.Width);
        var values = features.Rows(0, n);
        var (mean, deviation, x) = (new double[d], new double[d], new double[n * d]);
        for (var i = 0; i < d; i++)
        {
            for (var row = 0; row < n; row++)
                mean[i] += values[(row * d) + i] / (double)n;
            for (var row = 0; row < n; row++)
                deviation[i] += (values[(row * d) + i] - mean[i]) * (values[(row * d) + i] - mean[i]) / n;
            deviation[i] = Math.Sqrt(deviation[i]) is > 0 and var found ? found : 1;
            for (var row = 0; row < n; row++)
                x[(row * d) + i] = (values[(row * d) + i] - mean[i]) / deviation[i];
        }

        return (x, mean, deviation);
    }

    private static double[] Means(float[] values, int rows, int width)
        => [.. Enumerable.Range(0, width).Select(k => Enumerable.Range(0, rows).Average(row => (double)values[(row * width) + k]))];

    /// <summary>Cholesky's factor of the lower half, then forwards and backwards; the solution replaces the right side.</summary>
    private static void Solve(double[,] a, double[,] b, int d, int s)
    {
        for (var j = 0; j < d; j++)
        {
            for (var k = 0; k < j; k++)
            {
                for (var i = j; i < d; i++)
                    a[i, j] -= a[i, k] * a[j, k];
            }

            var root = Math.Sqrt(a[j, j]);
            for (var i = j; i < d; i++)
                a[i, j] /= root;
        }

        for (var k = 0; k < s; k++)
        {
            for (var i = 0; i < d; i++)
            {
                for (var j = 0; j < i; j++)
                    b[i, k] -= a[i, j] * b[j, k];
                b[i, k] /= a[i, i];
            }

            for (var i = d - 1; i >= 0; i--)
            {
                for (var j = i + 1; j < d; j++)
                    b[i, k] -= a[j, i] * b[j, k];
                b[i, k] /= a[i, i];
            }
        }
    }
}
