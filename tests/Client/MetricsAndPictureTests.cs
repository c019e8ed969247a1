using System.Globalization;
using System.Xml.Linq;
using SslOrleans.Client.Pictures;
using SslOrleans.Client.Training;
using SslOrleans.Contracts;

namespace SslOrleans.Client.Tests;

public class MetricsAndPictureTests
{
    [Fact]
    public void Numbers_are_read_by_name_whatever_else_is_in_the_lines()
    {
        var metrics = Read("""
            {"step":0,"time":"2026-01-01T00:00:00Z","knn":0.1}

            {"step":1,"loss":5.5,"terms":{"invariance":0.5},"ok":true}
            {"step":2,"loss":"NaN"}
            {"step":2,"knn":0.3}
            {"step":3,"lo
            """);

        Assert.Equal(["knn", "loss", "terms.invariance"], metrics.Names);
        Assert.Equal([new MetricPoint(0, 0.1), new MetricPoint(2, 0.3)], metrics["knn"]);
        Assert.True(double.IsNaN(metrics["loss"][1].Value));
        Assert.Equal(2, metrics.LastStep);
        Assert.Empty(metrics["unheard-of"]);
    }

    [Fact]
    public void A_replayed_step_counts_once_with_its_later_value()
        => Assert.Equal(
            [new MetricPoint(1, 5), new MetricPoint(2, 4), new MetricPoint(3, 3)],
            Read("{\"step\":1,\"loss\":5}\n{\"step\":2,\"loss\":9}\n{\"step\":3,\"loss\":9}\n{\"step\":2,\"loss\":4}\n{\"step\":3,\"loss\":3}")["loss"]);

    [Fact]
    public void A_broken_line_that_is_not_the_last_is_named()
        => Assert.Contains("m.jsonl, line 2: not valid JSON", Assert.Throws<UserErrorException>(() => Read("{\"step\":1}\n{oops\n{\"step\":2}\n")).Message);

    [Fact]
    public void A_missing_file_is_a_clear_mistake()
        => Assert.Contains("does not exist", Assert.Throws<UserErrorException>(() => MetricsFile.Read("nowhere/metrics.jsonl")).Message);

    [Fact]
    public void The_picture_is_valid_says_its_numbers_and_lifts_the_pen_at_NaN()
    {
        var lines = Enumerable.Range(1, 40).Select(i => string.Create(CultureInfo.InvariantCulture, $"{{\"step\":{i},\"loss\":{(i == 20 ? "\"NaN\"" : (5 - (i * 0.1)).ToString(CultureInfo.InvariantCulture))}}}"))
            .Append("{\"step\":0,\"knn\":0.125}").Append("{\"step\":40,\"knn\":0.5}");

        var svg = XDocument.Parse(RunPicture.Draw(Read(string.Join('\n', lines)), "a <run> & more", [new ChartEvent(10, "worker killed")]));

        var name = XName.Get("path", "http://www.w3.org/2000/svg");
        var texts = svg.Descendants(XName.Get("text", "http://www.w3.org/2000/svg")).Select(t => t.Value).ToList();
        Assert.Contains("a <run> & more", texts);
        Assert.Contains("12.5 %", texts);
        Assert.Contains("50.0 %", texts);
        Assert.Contains("worker killed", texts);
        Assert.Contains("knn: 0.125 at step 0, 0.5 at step 40.", svg.Descendants(XName.Get("desc", "http://www.w3.org/2000/svg")).Single().Value);
        // The raw loss curve is in two parts around step 20.
        Assert.Equal(2, svg.Descendants(name).First().Attribute("d")!.Value.Count(c => c == 'M'));
    }

    [Theory]
    [InlineData("a", "b", 1)]
    [InlineData("a curve whose name is as long as forty characters", "another one whose name is just as long as that", 2)]
    public void A_legend_that_does_not_fit_beside_the_title_stands_below_it(string first, string second, int lines)
    {
        var svg = XDocument.Parse(CurveChart.Draw("t", [new ChartPanel("what is drawn in this panel", [new Curve(first, [new(0, 1)]), new Curve(second, [new(0, 2)])])]));
        var heights = svg.Descendants(XName.Get("text", "http://www.w3.org/2000/svg")).Where(t => t.Value == first || t.Value == second).Select(t => t.Attribute("y")!.Value);
        Assert.Equal(lines, heights.Distinct().Count());
    }

    [Fact]
    public void A_hundred_thousand_points_stay_small_and_keep_their_spike()
    {
        var points = Enumerable.Range(0, 100_000).Select(i => new MetricPoint(i, i == 54_321 ? 50 : Math.Sin(i * 0.01))).ToList();

        var svg = CurveChart.Draw("long", [new ChartPanel("loss", [new Curve("loss", points)])]);

        Assert.True(svg.Length < 100_000, $"{svg.Length} characters");
        var path = XDocument.Parse(svg).Descendants(XName.Get("path", "http://www.w3.org/2000/svg")).Single().Attribute("d")!.Value;
        var heights = path.Split('M', 'L').Skip(1).Select(p => double.Parse(p.Split(' ')[1], CultureInfo.InvariantCulture)).ToList();
        Assert.True(heights.Min() < heights.Order().ElementAt(1) - 100, "the spike is gone");
    }

    [Theory]
    [InlineData(0, 1, 0.5)]
    [InlineData(0.13, 0.92, 0.2)]
    [InlineData(3, 3, 0.2)]
    [InlineData(-5, 12345, 5000)]
    public void Axes_have_round_marks_that_enclose_the_values(double low, double high, double step)
    {
        var axis = new Axis(low, high, 4);

        Assert.Equal(step, axis.Step, 6);
        Assert.True(axis.Low <= low && axis.High >= high);
        Assert.InRange(axis.Marks().Count(), 2, 8);
    }

    private static MetricsFile Read(string text) => MetricsFile.Read(new StringReader(text), "m.jsonl");
}
