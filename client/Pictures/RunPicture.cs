using SslOrleans.Client.Training;

namespace SslOrleans.Client.Pictures;

/// <summary><c>curves.svg</c> of a run: loss and kNN accuracy over the steps.</summary>
public static class RunPicture
{
    /// <summary>Reads the run's <c>metrics.jsonl</c> and writes <c>curves.svg</c> beside it.</summary>
    /// <returns>The picture's path.</returns>
    public static string Write(string runFolder, string title, IReadOnlyList<ChartEvent>? events = null)
    {
        var metrics = MetricsFile.Read(Path.Combine(runFolder, "metrics.jsonl"));
        var path = Path.Combine(runFolder, "curves.svg");
        File.WriteAllText(path, Draw(metrics, title, events));
        return path;
    }

    /// <summary>The SVG text.</summary>
    public static string Draw(MetricsFile metrics, string title, IReadOnlyList<ChartEvent>? events = null)
    {
        var panels = new List<ChartPanel> { new("loss", [new Curve("loss", metrics["loss"], Smooth: metrics["loss"].Count > 20)]) };
        var accuracy = metrics.Names.Where(n => n is "knn" or "linear" or "mlp").ToList();
        if (accuracy.Count > 0)
            panels.Add(new ChartPanel(accuracy is ["knn"] ? "kNN accuracy on held-out images" : "accuracy of probes on held-out images", [.. accuracy.Select(n => new Curve(n, metrics[n], Marks: true))], PerCent: true));
        if (metrics["onlineAccuracy"].Count > 0)
            panels.Add(new ChartPanel("accuracy of the online probe on each step's own views", [new Curve("online", metrics["onlineAccuracy"], Smooth: metrics["onlineAccuracy"].Count > 20)], PerCent: true));
        if (metrics["rankme"].Count > 0)
            panels.Add(new ChartPanel("effective rank of the features", [new Curve("RankMe", metrics["rankme"], Marks: true)]));
        return CurveChart.Draw(title, panels, events);
    }
}
