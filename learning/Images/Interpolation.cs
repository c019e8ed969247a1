namespace SslOrleans.Learning.Images;

/// <summary>Filter of a resize.</summary>
public enum Interpolation
{
    /// <summary>Triangle filter, support 1.</summary>
    Bilinear,

    /// <summary>Cubic convolution with a = −0.5, support 2.</summary>
    Bicubic,
}
