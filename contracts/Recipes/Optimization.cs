namespace SslOrleans.Contracts.Recipes;

/// <summary>The optimiser; runs where the parameter slice lives.</summary>
public sealed record OptimizerRecipe
{
    /// <summary><c>sgd</c>, <c>lars</c> or <c>adamw</c>.</summary>
    public string Name { get; init; } = "sgd";

    /// <summary>Learning rate per 256 images before <see cref="Scaling"/>.</summary>
    public double LearningRate { get; init; } = 0.3;

    /// <summary>
    /// <c>linear</c> (K01: lr·B/256), <c>sqrt</c> (K02 as SimCLR means it: lr·√(B/256)),
    /// <c>sqrt-printed</c> (K02 as the cookbook prints it: lr·√B/256) or <c>none</c>.
    /// </summary>
    public string Scaling { get; init; } = "linear";

    public double Momentum { get; init; } = 0.9;

    public double WeightDecay { get; init; } = 1e-4;

    /// <summary>Weight decay at the last step, reached by a cosine; negative: constant.</summary>
    public double FinalWeightDecay { get; init; } = -1;

    /// <summary>Biases and norm parameters get neither weight decay nor LARS adaptation (K03).</summary>
    public bool ExcludeBiasAndNorm { get; init; }

    /// <summary>Factor on the learning rate of biases and norm parameters (K04).</summary>
    public double BiasAndNormFactor { get; init; } = 1;

    /// <summary>LARS trust coefficient η.</summary>
    public double TrustCoefficient { get; init; } = 0.001;

    /// <summary>LARS: the adapted rate never exceeds the scheduled one.</summary>
    public bool ClipTrust { get; init; }

    public double Beta1 { get; init; } = 0.9;

    public double Beta2 { get; init; } = 0.999;

    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Largest global ℓ2 norm of the gradient; 0: no clipping.</summary>
    public double ClipGradientNorm { get; init; }

    /// <summary>Geometric decay of the learning rate from the last layer to the first (K54); 1 is off.</summary>
    public double LayerDecay { get; init; } = 1;
}

/// <summary>Learning rate over the committed steps: linear warm-up, then cosine (K06 to K08).</summary>
public sealed record ScheduleRecipe
{
    /// <summary>
    /// Epochs at the start in which no weight moves: embeddings are made and a method's state advances, so that a first clustering has
    /// every image. Warm-up and decay begin after them.
    /// </summary>
    public double StillEpochs { get; init; }

    /// <summary>Length of the warm-up in epochs; used when no other length is set.</summary>
    public double WarmupEpochs { get; init; }

    /// <summary>Length of the warm-up in steps; wins over epochs and fraction.</summary>
    public long WarmupSteps { get; init; }

    /// <summary>Length of the warm-up as a share of the run; wins over epochs.</summary>
    public double WarmupFraction { get; init; }

    /// <summary>Learning rate at step 0 as a share of the base rate.</summary>
    public double WarmupStart { get; init; }

    /// <summary><c>cosine</c> or <c>constant</c>.</summary>
    public string Decay { get; init; } = "cosine";

    /// <summary>Learning rate at the last step as a share of the base rate.</summary>
    public double Final { get; init; }
}

/// <summary>Probes beside the training, on committed versions: they change no bit of it.</summary>
public sealed record EvaluationRecipe
{
    /// <summary>The probes that can run beside a training; `sslo evaluate` has more.</summary>
    public static IReadOnlyList<string> Known { get; } = ["knn", "linear", "mlp", "fewshot", "rank", "std", "uniformity", "zeroshot", "retrieval"];

    /// <summary>Probes at the start, at the end and every this many epochs; 0: only at start and end.</summary>
    public double EveryEpochs { get; init; }

    /// <summary>Further probes: <c>linear</c>, <c>mlp</c>, <c>fewshot</c>, <c>rank</c>, <c>std</c>, <c>uniformity</c>; of images and captions <c>zeroshot</c> and <c>retrieval</c>.</summary>
    public IReadOnlyList<string> Probes { get; init; } = [];

    /// <summary>Probe the EMA teacher instead of the student.</summary>
    public bool Teacher { get; init; }

    /// <summary>Run the weighted kNN probe at the start, at the end and every <see cref="EveryEpochs"/>.</summary>
    public bool Knn { get; init; } = true;

    /// <summary>Neighbours of the weighted kNN (E04).</summary>
    public int Neighbours { get; init; } = 20;

    /// <summary>Temperature T of the weighted kNN (E04).</summary>
    public double Temperature { get; init; } = 0.07;

    public OnlineProbeRecipe Online { get; init; } = new();

    public FineTuningRecipe FineTuning { get; init; } = new();
}

/// <summary>Full fine-tuning of an encoder with labels (E13): AdamW, a warm-up of 5 %, then a cosine. Only <c>sslo evaluate --probe finetune</c> reads it.</summary>
public sealed record FineTuningRecipe
{
    /// <summary>Passes over the labelled images; the cookbook has 100 for ViTs smaller than base, 50 for larger ones.</summary>
    public double Epochs { get; init; } = 100;

    /// <summary>Images in a step.</summary>
    public int Batch { get; init; } = 128;

    /// <summary>AdamW's learning rate of the last layer.</summary>
    public double LearningRate { get; init; } = 1e-3;

    public double WeightDecay { get; init; } = 0.05;

    /// <summary>Decay of the learning rate from the last layer to the first (K54: 0.65 to 0.85); 1 is off.</summary>
    public double LayerDecay { get; init; } = 0.75;

    /// <summary>Smallest share of an image's area that a crop takes; images are also flipped.</summary>
    public double CropScale { get; init; } = 0.5;
}

/// <summary>A linear head that is trained along on the backbone's features, with the gradient cut (E08): it changes no bit of the encoder.</summary>
public sealed record OnlineProbeRecipe
{
    /// <summary>Classes of the data set; 0: no such head.</summary>
    public int Classes { get; init; }

    /// <summary>SGD learning rate on standardised features; follows the run's warm-up and decay. Stable below 7.6.</summary>
    public double LearningRate { get; init; } = 4;
}

/// <summary>What workers must have in common; never how many there are.</summary>
public sealed record WorkersRecipe
{
    /// <summary>The precision that every device has.</summary>
    public const string Float32 = "float32";

    /// <summary>Half the bits and float32's range; fast where the device multiplies in it.</summary>
    public const string BFloat16 = "bfloat16";

    /// <summary>libtorch threads of one worker; part of the numerics class.</summary>
    public int ThreadsPerWorker { get; init; } = 1;

    /// <summary>Accept workers of another numerics class; the ledger then says so, and bits are no longer promised.</summary>
    public bool AllowMixedHardware { get; init; }

    /// <summary>Number of parameter slices; never follows the workers.</summary>
    public int Slices { get; init; } = 2;

    /// <summary>Each slice keeps a warm copy on another silo with the role parameters, where there is one; losing a silo then costs no step.</summary>
    public bool WarmCopies { get; init; } = true;

    /// <summary>A micro-batch is leased a second time when it takes this many times longer than expected.</summary>
    public double SecondLeaseFactor { get; init; } = 3;

    /// <summary>Share of the micro-batches, 0 to 1, that a second worker computes too, to compare the bits before they count; 0: none.</summary>
    public double Verify { get; init; }

    /// <summary>Compute in <c>float32</c> or <c>bfloat16</c> (K58), its own numerics class.</summary>
    public string Precision { get; init; } = Float32;
}

/// <summary>When state is written.</summary>
public sealed record CheckpointRecipe
{
    /// <summary>A checkpoint every this many steps; 0: only at the start and at the end.</summary>
    public long EverySteps { get; init; } = 50;

    /// <summary>How many checkpoints are kept besides the first.</summary>
    public int Keep { get; init; } = 3;
}
