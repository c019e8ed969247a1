namespace SslOrleans.Contracts.Recipes;

/// <summary>The encoder that is kept after training.</summary>
public sealed record BackboneRecipe
{
    /// <summary><c>conv4</c>, <c>resnet18</c>, <c>resnet34</c>, <c>resnet50</c>, <c>convnextv2-zepto</c>, <c>-atto</c>, <c>-pico</c>, <c>-nano</c>, <c>-tiny</c>, <c>vit-nano</c>, <c>vit-ti</c>, <c>vit-s</c>, <c>vit-b</c>.</summary>
    public string Name { get; init; } = "conv4";

    /// <summary>
    /// ResNet stem: <c>cifar</c> (3×3, stride 1, no pooling) or <c>imagenet</c> (7×7, stride 2, max pooling); ConvNeXt V2: 2×2 or 4×4, stride as large.
    /// </summary>
    public string Stem { get; init; } = "cifar";

    /// <summary>Batch-norm statistics over the <c>micro</c>-batch or, synchronised (<c>sync</c>), over the effective batch (cookbook §3.8.1).</summary>
    public string BatchNorm { get; init; } = "micro";

    /// <summary>ConvNeXt V2: with global response normalisation (K57).</summary>
    public bool ResponseNorm { get; init; } = true;

    /// <summary>ViT: side of a patch in pixels (K52); ConvNeXt V2 under a mask: its stride.</summary>
    public int PatchSize { get; init; } = 4;

    /// <summary>ViT of clips: frames of a patch (VideoMAE: 2).</summary>
    public int TubeletFrames { get; init; } = 2;

    /// <summary>ViT: side of the image in pixels.</summary>
    public int ImageSize { get; init; } = 32;

    /// <summary>ViT: <c>cls</c> or <c>mean</c> (K56).</summary>
    public string Pooling { get; init; } = "cls";

    /// <summary>ViT: keep the random patch projection as it is (K50).</summary>
    public bool FrozenPatchProjection { get; init; }

    /// <summary>ViT: stochastic depth rate of the last block (K53).</summary>
    public double DropPath { get; init; }

    /// <summary>ViT: <c>linear</c> in depth or <c>uniform</c> (K53).</summary>
    public string DropPathRule { get; init; } = "linear";

    /// <summary>ViT: initial LayerScale; 0 is off (K55).</summary>
    public double LayerScale { get; init; }
}

/// <summary>A projector or predictor (K40 to K46, K27).</summary>
public sealed record HeadRecipe
{
    /// <summary>Widths behind the input, as in <c>2048-2048-256</c>; empty: no head.</summary>
    public string Shape { get; init; } = "";

    /// <summary>Batch norm after each hidden layer.</summary>
    public bool BatchNorm { get; init; }

    /// <summary>Batch norm after the last layer, without affine parameters.</summary>
    public bool LastBatchNorm { get; init; }

    /// <summary><c>relu</c> or <c>gelu</c>.</summary>
    public string Activation { get; init; } = "relu";

    /// <summary>Bias in the last layer.</summary>
    public bool LastBias { get; init; } = true;

    /// <summary>Factor on the learning rate of this head (K23).</summary>
    public double LearningRateFactor { get; init; } = 1;

    /// <summary>The learning rate of this head follows no schedule (SimSiam's predictor).</summary>
    public bool ConstantLearningRate { get; init; }
}

/// <summary>The EMA teacher: θt ← ξ·θt + (1−ξ)·θs (K19 to K24); or a teacher that never changes, read from <see cref="Weights"/> (K74).</summary>
public sealed record TeacherRecipe
{
    /// <summary>ξ at the first step.</summary>
    public double Momentum { get; init; } = 0.99;

    /// <summary>ξ at the last step, reached by a cosine; the same value keeps it constant.</summary>
    public double FinalMomentum { get; init; } = 1;

    /// <summary><c>all</c>, or <c>projector</c>: the teacher sees through the student's backbone, and only its heads are an average (K24).</summary>
    public string Scope { get; init; } = "all";

    /// <summary>
    /// A teacher that learnt before and does not change: a safetensors file of a checkpoint, of <c>sslo export</c>, of torchvision or timm, with everything that the method asks of it.
    /// </summary>
    public string Weights { get; init; } = "";

    /// <summary>SHA-256 of that file; filled in when a run is begun, so that it is the same file for ever.</summary>
    public string WeightsHash { get; init; } = "";

    /// <summary>That teacher's backbone; the student's where it has no name.</summary>
    public BackboneRecipe Backbone { get; init; } = new() { Name = "" };

    /// <summary>The backbone of a teacher that does not change.</summary>
    public static BackboneRecipe BackboneOf(Recipe recipe) => recipe.Teacher.Backbone.Name.Length > 0 ? recipe.Teacher.Backbone : recipe.Backbone;
}
