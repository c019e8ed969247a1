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

    /// <summary>
    /// Weights to start from: a safetensors file of <c>sslo export</c>, of a checkpoint, of torchvision or timm; tensors whose name and shape fit are
    /// taken. Empty: all weights are drawn.
    /// </summary>
    public string Initial { get; init; } = "";

    /// <summary>SHA-256 of that file; filled in when a run is begun, so that it is the same file for ever.</summary>
    public string InitialHash { get; init; } = "";

    public BatchRecipe Batch { get; init; } = new();

    public DataRecipe Data { get; init; } = new();

    /// <summary>Groups of views in the order in which the method sees them.</summary>
    public IReadOnlyList<ViewRecipe> Views { get; init; } = [];

    public TableRecipe Table { get; init; } = new();

    public TextRecipe Text { get; init; } = new();

    public SoundRecipe Sound { get; init; } = new();

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
    /// <summary>Folder, shard, or container of shards (<c>azure:CONTAINER/FOLDER</c>, https address); <c>--data</c> on the command line sets it.</summary>
    public string Path { get; init; } = "";

    /// <summary>What a sample is.</summary>
    public Modality Modality { get; init; }

    /// <summary>Split that is trained on.</summary>
    public string Split { get; init; } = "train";

    /// <summary>Split that probes are tested on.</summary>
    public string TestSplit { get; init; } = "test";

    /// <summary>First N images of the training split; 0: all.</summary>
    public int Limit { get; init; }

    /// <summary>First N images of the test split; 0: all.</summary>
    public int TestLimit { get; init; }

    /// <summary>Bits that the values of 16-bit PNGs and TIFFs use: 12 for a camera's 12-bit data. 0: all 16, and a data set that uses fewer is refused.</summary>
    public int Bits { get; init; }

    /// <summary>Numbers, from 0, of the three channels of a TIFF that become red, green and blue; none: those that it calls so. Needed where it has more than four.</summary>
    public IReadOnlyList<int> Channels { get; init; } = [];

    /// <summary>The same; null where the recipe names none.</summary>
    public IReadOnlyList<int>? ChosenChannels() => Channels.Count == 0 ? null : Channels;

    /// <summary>Class re-sampling for the imbalance study of cookbook §3.3: <c>none</c>, <c>balanced</c> or <c>long-tailed</c>.</summary>
    public string Imbalance { get; init; } = "none";

    /// <summary>Ratio of the largest class to the smallest for <c>long-tailed</c>.</summary>
    public double ImbalanceRatio { get; init; } = 100;
}
