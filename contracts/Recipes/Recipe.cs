using System.Text.Json.Nodes;

namespace SslOrleans.Contracts.Recipes;

/// <summary>
/// One training run, as data: everything that decides its numbers, and nothing that depends on who computes them.
/// A run is bit-equal for any set of workers because no property here knows of them.
/// </summary>
public sealed record Recipe
{
    /// <summary>Name of the recipe; also the default run name.</summary>
    public string Name { get; init; } = "";

    /// <summary>One sentence: what it trains and where its numbers come from.</summary>
    public string Description { get; init; } = "";

    /// <summary>Method name as <c>sslo methods</c> prints it.</summary>
    public string Method { get; init; } = "";

    /// <summary>Key of every random draw of the run.</summary>
    public ulong Seed { get; init; }

    /// <summary>Passes over the data set; ignored when <see cref="Steps"/> is set.</summary>
    public double Epochs { get; init; } = 20;

    /// <summary>Number of optimiser steps (cookbook §3.3, K18: same iterations when data sets are compared); 0: from <see cref="Epochs"/>.</summary>
    public long Steps { get; init; }

    public BatchRecipe Batch { get; init; } = new();

    public DataRecipe Data { get; init; } = new();

    /// <summary>Groups of views in the order in which the method sees them.</summary>
    public IReadOnlyList<ViewRecipe> Views { get; init; } = [];

    public NormalizeRecipe Normalize { get; init; } = new();

    public BackboneRecipe Backbone { get; init; } = new();

    public HeadRecipe Projector { get; init; } = new();

    public HeadRecipe Predictor { get; init; } = new();

    /// <summary>The method's own numbers; the method's file declares the keys.</summary>
    public JsonObject Loss { get; init; } = [];

    public TeacherRecipe Teacher { get; init; } = new();

    public OptimizerRecipe Optimizer { get; init; } = new();

    public ScheduleRecipe Schedule { get; init; } = new();

    public EvaluationRecipe Evaluation { get; init; } = new();

    public WorkersRecipe Workers { get; init; } = new();

    public CheckpointRecipe Checkpoint { get; init; } = new();
}

/// <summary>The effective batch and the micro-batches that it is cut into.</summary>
public sealed record BatchRecipe
{
    /// <summary>Images in one optimiser step, over all workers (cookbook §3.8.2: always the number to write and to compare).</summary>
    public int Effective { get; init; } = 256;

    /// <summary>Images in one micro-batch: the unit of work and of batch norm. Divides <see cref="Effective"/>.</summary>
    public int Micro { get; init; } = 64;

    /// <summary>
    /// Keep no activations between the forward and the backward pass, and compute the forward pass again: the same bits in the memory of
    /// one micro-batch, for the time of one more forward pass. Only methods whose loss couples the batch keep any.
    /// </summary>
    public bool Recompute { get; init; }

    /// <summary>Micro-batches in a step.</summary>
    public int MicroBatches => Effective / Micro;
}

/// <summary>Which images.</summary>
public sealed record DataRecipe
{
    /// <summary>Folder, shard folder or container; <c>--data</c> on the command line sets it.</summary>
    public string Path { get; init; } = "";

    /// <summary>Split that is trained on.</summary>
    public string Split { get; init; } = "train";

    /// <summary>Split that probes are tested on.</summary>
    public string TestSplit { get; init; } = "test";

    /// <summary>First N images of the training split; 0: all.</summary>
    public int Limit { get; init; }

    /// <summary>First N images of the test split; 0: all.</summary>
    public int TestLimit { get; init; }

    /// <summary>Class re-sampling for the imbalance study of cookbook §3.3: <c>none</c>, <c>balanced</c> or <c>long-tailed</c>.</summary>
    public string Imbalance { get; init; } = "none";

    /// <summary>Ratio of the largest class to the smallest for <c>long-tailed</c>.</summary>
    public double ImbalanceRatio { get; init; } = 100;
}

/// <summary>A group of equally drawn views of each image.</summary>
public sealed record ViewRecipe
{
    /// <summary>How many views of this group.</summary>
    public int Count { get; init; } = 1;

    public CropRecipe Crop { get; init; } = new();

    /// <summary>Probability of a horizontal flip.</summary>
    public double Flip { get; init; } = 0.5;

    public JitterRecipe Jitter { get; init; } = new();

    /// <summary>Probability of turning gray.</summary>
    public double Grayscale { get; init; }

    public BlurRecipe Blur { get; init; } = new();

    public SolarizeRecipe Solarize { get; init; } = new();

    /// <summary>Largest rotation either way, in degrees.</summary>
    public double Rotation { get; init; }

    public MaskRecipe Mask { get; init; } = new();
}

/// <summary>Random resized crop.</summary>
public sealed record CropRecipe
{
    /// <summary>Side of the view in pixels.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Smallest and largest area as a fraction of the image's.</summary>
    public IReadOnlyList<double> Scale { get; init; } = [0.2, 1.0];

    /// <summary>Smallest and largest width over height, drawn log-uniformly.</summary>
    public IReadOnlyList<double> Ratio { get; init; } = [0.75, 1.3333333333333333];

    /// <summary><c>bilinear</c> or <c>bicubic</c>.</summary>
    public string Interpolation { get; init; } = "bilinear";
}

/// <summary>Colour jitter: strengths as torchvision defines them.</summary>
public sealed record JitterRecipe
{
    public double Probability { get; init; }

    public double Brightness { get; init; } = 0.4;

    public double Contrast { get; init; } = 0.4;

    public double Saturation { get; init; } = 0.2;

    public double Hue { get; init; } = 0.1;
}

/// <summary>Gaussian blur.</summary>
public sealed record BlurRecipe
{
    public double Probability { get; init; }

    /// <summary>Smallest and largest σ in pixels.</summary>
    public IReadOnlyList<double> Sigma { get; init; } = [0.1, 2.0];
}

/// <summary>Inversion of the bright part.</summary>
public sealed record SolarizeRecipe
{
    public double Probability { get; init; }

    /// <summary>Pixel values at or above this are inverted, 0 … 255.</summary>
    public int Threshold { get; init; } = 128;
}

/// <summary>Mask over the patches of a view.</summary>
public sealed record MaskRecipe
{
    /// <summary><c>none</c>, <c>random</c> (MAE), <c>block</c> (I-JEPA, iBOT) or <c>uniform</c> (K71).</summary>
    public string Kind { get; init; } = "none";

    /// <summary>Share of the patches that is hidden.</summary>
    public double Ratio { get; init; } = 0.75;

    /// <summary>Side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 4;
}

/// <summary>Channel statistics that pixels are normalised with, on the 0 … 1 scale.</summary>
public sealed record NormalizeRecipe
{
    public IReadOnlyList<double> Mean { get; init; } = [0.4914, 0.4822, 0.4465];

    public IReadOnlyList<double> StandardDeviation { get; init; } = [0.247, 0.2435, 0.2616];
}
