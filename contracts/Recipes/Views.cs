namespace SslOrleans.Contracts.Recipes;

/// <summary>A group of equally drawn views of each image. Multi-crop is several groups.</summary>
public sealed record ViewRecipe
{
    /// <summary>What the views are; which other keys there are depends on it.</summary>
    public ViewKind Kind { get; init; }

    /// <summary>How many views of this group.</summary>
    public int Count { get; init; } = 1;

    public TextViewRecipe Text { get; init; } = new();

    public RowViewRecipe Row { get; init; } = new();

    public SpectrogramViewRecipe Spectrogram { get; init; } = new();

    public ClipViewRecipe Clip { get; init; } = new();

    public CropRecipe Crop { get; init; } = new();

    /// <summary>Probability of a horizontal flip.</summary>
    public double Flip { get; init; } = 0.5;

    public JitterRecipe Jitter { get; init; } = new();

    /// <summary>Probability of turning gray.</summary>
    public double Grayscale { get; init; }

    public BlurRecipe Blur { get; init; } = new();

    public SolarizeRecipe Solarize { get; init; } = new();

    public RotationRecipe Rotation { get; init; } = new();

    /// <summary>
    /// Order of the operations between crop and normalisation; empty: flip, rotation, jitter, grayscale, blur, solarize.
    /// One that is not listed is not applied.
    /// </summary>
    public IReadOnlyList<string> Order { get; init; } = [];

    public MaskRecipe Mask { get; init; } = new();
}

/// <summary>How a view is cut out of its image.</summary>
public sealed record CropRecipe
{
    /// <summary>
    /// <c>random-resized</c> (torchvision's RandomResizedCrop), <c>padded</c> (RandomCrop in a black border) or <c>center</c>
    /// (shorter side resized, middle cut out).
    /// </summary>
    public string Kind { get; init; } = "random-resized";

    /// <summary>Side of the view in pixels.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Smallest and largest area as a fraction of the image's.</summary>
    public IReadOnlyList<double> Scale { get; init; } = [0.2, 1.0];

    /// <summary>Smallest and largest width over height, drawn log-uniformly.</summary>
    public IReadOnlyList<double> Ratio { get; init; } = [0.75, 1.3333333333333333];

    /// <summary><c>bilinear</c> or <c>bicubic</c>.</summary>
    public string Interpolation { get; init; } = "bilinear";

    /// <summary>Widen the filter when shrinking, as PIL always does.</summary>
    public bool Antialias { get; init; } = true;

    /// <summary>Black border of a <c>padded</c> crop, pixels.</summary>
    public int Padding { get; init; } = 4;

    /// <summary>Shorter side before a <c>center</c> crop, pixels; 0: the view's size.</summary>
    public int ResizeShorter { get; init; }

    public RampRecipe Ramp { get; init; } = new();
}

/// <summary>A view size that grows with training, as in FFCV-SSL (cookbook §5: 160 → 224): smaller views are cheaper and come first.</summary>
public sealed record RampRecipe
{
    /// <summary>Side of the first views, pixels; 0: no ramp. The last size is the crop's.</summary>
    public int From { get; init; }

    /// <summary>Share of the run's steps after which the size begins to change.</summary>
    public double Start { get; init; }

    /// <summary>Share of the run's steps after which it is the crop's size.</summary>
    public double End { get; init; } = 1;

    /// <summary>Sizes in between are multiples of this.</summary>
    public int Multiple { get; init; } = 32;
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

    /// <summary>Taps along a side, odd; 0: a tenth of the view's size (23 for 224 pixels).</summary>
    public int Kernel { get; init; }
}

/// <summary>Inversion of the bright part.</summary>
public sealed record SolarizeRecipe
{
    public double Probability { get; init; }

    /// <summary>Pixel values at or above this are inverted, 0 … 255.</summary>
    public int Threshold { get; init; } = 128;
}

/// <summary>Rotation around the middle.</summary>
public sealed record RotationRecipe
{
    public double Probability { get; init; }

    /// <summary>Largest angle either way, drawn uniformly.</summary>
    public double Degrees { get; init; }

    /// <summary>0°, 90°, 180° or 270° instead, each with probability 1/4.</summary>
    public bool QuarterTurns { get; init; }

    /// <summary><c>nearest</c> (torchvision's default) or <c>bilinear</c>.</summary>
    public string Interpolation { get; init; } = "nearest";
}

/// <summary>Mask over the patches of a view; every image of a view hides the same number, unless a range or a probability says otherwise.</summary>
public sealed record MaskRecipe
{
    /// <summary>
    /// <c>none</c>, <c>random</c> (MAE, MSN), <c>cells</c> (SimMIM), <c>block</c> (rectangles of I-JEPA's targets), <c>blockwise</c> (BEiT,
    /// iBOT), <c>uniform</c> (as many in every window, K71) or <c>center</c> (context encoder).
    /// </summary>
    public string Kind { get; init; } = "none";

    /// <summary>Share of the patches that is hidden; the least one when there is a <see cref="RatioMax"/>.</summary>
    public double Ratio { get; init; } = 0.75;

    /// <summary>Greatest share: each image's is drawn uniformly between the two (iBOT, DINOv2: 0.1 to 0.5); 0: <see cref="Ratio"/> for all.</summary>
    public double RatioMax { get; init; }

    /// <summary>Probability that an image is masked at all (iBOT, DINOv2: 0.5); the others hide nothing.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Side of a patch in pixels; 0, or the backbone's.</summary>
    public int PatchSize { get; init; }

    /// <summary>Side of a cell (<c>cells</c>) or window (<c>uniform</c>) in patches.</summary>
    public int CellSize { get; init; } = 2;
}

/// <summary>Channel statistics that pixels are normalised with, on the 0 … 1 scale.</summary>
public sealed record NormalizeRecipe
{
    public IReadOnlyList<double> Mean { get; init; } = [0.4914, 0.4822, 0.4465];

    public IReadOnlyList<double> StandardDeviation { get; init; } = [0.247, 0.2435, 0.2616];
}
