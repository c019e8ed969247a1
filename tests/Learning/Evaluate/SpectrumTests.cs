using SslOrleans.Learning.Evaluate;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Tests.Evaluate;

/// <summary>What must hold of the rank measures whatever the features are.</summary>
public class SpectrumTests
{
    [Fact]
    public void Rank_one_gives_one()
    {
        var spectrum = Spectrum.Of(Matrix(50, 8, (i, d) => (i + 1) * (d + 1)));
        Assert.Equal(1, RankMe.Of(spectrum), 1e-3);
        Assert.Equal(1, Collapse.Rank(spectrum));
        Assert.Equal(1, Collapse.Area(spectrum), 1e-6);
    }

    [Theory]
    [InlineData(40, 8, 8)]
    [InlineData(4, 8, 4)]
    public void Equal_singular_values_give_the_smaller_side(int count, int width, int rank)
    {
        var spectrum = Spectrum.Of(Matrix(count, width, (i, d) => i % width == d ? 1 : 0));
        Assert.Equal(rank, spectrum.SingularValues.Length);
        Assert.Equal(rank, RankMe.Of(spectrum), 1e-3);
        Assert.Equal(rank, Collapse.Rank(spectrum));
        Assert.Equal((rank + 1) / (2.0 * rank), Collapse.Area(spectrum), 1e-6);
    }

    [Fact]
    public void Scale_and_rotation_change_nothing()
    {
        var random = new RandomStream(1, Purpose.Evaluation, 0, 0, 0);
        var values = Enumerable.Range(0, 300 * 6).Select(i => random.NextNormal() / (1 + (i % 6))).ToArray();
        using var scope = NewDisposeScope();
        var plain = tensor(values, [300L, 6L]);
        var (q, _) = linalg.qr(tensor(values[..36], [6L, 6L]));
        var turned = plain.mm(q).mul(37).contiguous();
        var (a, b) = (Spectrum.Of(new FeatureMatrix(values, 6)), Spectrum.Of(new FeatureMatrix(turned.data<float>().ToArray(), 6)));
        Assert.Equal(RankMe.Of(a), RankMe.Of(b), 1e-4);
        Assert.Equal(Collapse.Area(a), Collapse.Area(b), 1e-5);
        Assert.Equal(PowerLaw.Whole(a).Exponent, PowerLaw.Whole(b).Exponent, 1e-4);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(2.5)]
    public void A_known_power_law_is_recovered(double alpha)
    {
        // Columns d of an orthogonal set with variance (d+1)^−α: ±1 patterns of the binary digits of the row.
        const int width = 128;
        var features = Matrix(width, width, (i, d) => Math.Pow(d + 1, -alpha / 2) * (int.PopCount(i & d) % 2 == 0 ? 1 : -1));
        var spectrum = Spectrum.Of(features);

        // The first column is constant, and centring takes it away: ranks move up by one, which a fit far out hardly sees.
        var law = PowerLaw.Fit([.. spectrum.SingularValues.Select(s => s * s)], 4, 100, i => 1.0 / i);
        Assert.Equal(alpha, law.Exponent, 1e-4);
        Assert.Equal(1, law.Determination, 1e-4);
        Assert.Equal(alpha, PowerLaw.AlphaReq(spectrum).Exponent, 0.15 * alpha);

        // Singular values are roots of eigenvalues: half the exponent.
        Assert.Equal(alpha / 2, PowerLaw.Whole(spectrum).Exponent, 1e-4);
    }

    [Fact]
    public void Nothing_but_zeros_is_refused()
    {
        Assert.Contains("zero", Assert.Throws<ProbeException>(() => Spectrum.Of(Matrix(5, 3, (_, _) => 0))).Message);
        Assert.Throws<ProbeException>(() => Spectrum.Of(new FeatureMatrix(0, 3)));
    }

    [Fact]
    public void A_collapsed_encoder_has_no_spread()
    {
        var (mean, least, dead) = Collapse.Spread(Matrix(30, 4, (_, d) => d + 1));
        Assert.Equal(0, mean, 1e-6);
        Assert.Equal(0, least, 1e-6);
        Assert.Equal(1, dead);
    }

    private static FeatureMatrix Matrix(int count, int width, Func<int, int, double> value)
    {
        var matrix = new FeatureMatrix(count, width);
        for (var i = 0; i < count; i++)
        {
            for (var d = 0; d < width; d++)
                matrix.Rows(i, 1)[d] = (float)value(i, d);
        }

        return matrix;
    }
}
