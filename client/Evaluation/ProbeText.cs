using System.Globalization;

namespace SslOrleans.Client.Evaluation;

/// <summary>Values of probes as people read them.</summary>
public static class ProbeText
{
    private static readonly string[] s_accuracies = ["knn", "linear", "mlp", "fewshot", "rotation", "finetune", "zeroshot", "recall"];

    /// <summary>The name belongs to an accuracy, a share of 1.</summary>
    public static bool IsAccuracy(string name)
        => s_accuracies.Contains(name.Split('.', '@')[0])
            && !name.EndsWith(".loss", StringComparison.Ordinal)
            && !name.Contains("learningRate", StringComparison.Ordinal) && !name.Contains("weightDecay", StringComparison.Ordinal);

    /// <summary>Accuracies in per cent, others with four digits.</summary>
    public static string Of(string name, double value)
        => IsAccuracy(name) ? value.ToString("P1", CultureInfo.InvariantCulture) : value.ToString("G4", CultureInfo.InvariantCulture);
}
