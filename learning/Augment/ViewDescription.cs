using SslOrleans.Learning.Images;

namespace SslOrleans.Learning.Augment;

/// <summary>
/// How a view was made of its image, as numbers that a method can compute with: places in the image that two views share (VICRegL), and what an
/// equivariant method predicts from (EquiMod, SIE). One row for each view of each sample.
/// </summary>
public static class ViewDescription
{
    /// <summary>Left edge of what was cut out, in units of the image's longer side, as are all lengths here.</summary>
    public const int Left = 0;

    /// <summary>Upper edge.</summary>
    public const int Top = 1;

    public const int Width = 2;

    public const int Height = 3;

    /// <summary>1: mirrored.</summary>
    public const int Flip = 4;

    /// <summary>Counter-clockwise, in units of 180°.</summary>
    public const int Angle = 5;

    /// <summary>Factor − 1.</summary>
    public const int Brightness = 6;

    /// <summary>Factor − 1.</summary>
    public const int Contrast = 7;

    /// <summary>Factor − 1.</summary>
    public const int Saturation = 8;

    /// <summary>Turns.</summary>
    public const int Hue = 9;

    /// <summary>1: turned gray.</summary>
    public const int Gray = 10;

    /// <summary>σ in pixels of the view; 0: none.</summary>
    public const int Blur = 11;

    /// <summary>1: solarised.</summary>
    public const int Solarize = 12;

    /// <summary>Numbers in a row.</summary>
    public const int Length = 13;

    /// <summary>A view that is the whole of a square image as it is.</summary>
    public static float[] Whole()
    {
        var row = new float[Length];
        row[Width] = row[Height] = 1;
        return row;
    }

    /// <summary>Writes the row of a view that was made with these choices of an image of this size.</summary>
    public static void Write(ViewSettings settings, in ViewParameters parameters, int width, int height, Span<float> row)
    {
        row.Clear();
        var (left, top, cutWidth, cutHeight) = Box(settings.Crop, parameters.Crop, width, height);
        var unit = 1.0 / Math.Max(width, height);
        (row[Left], row[Top], row[Width], row[Height]) = ((float)(left * unit), (float)(top * unit), (float)(cutWidth * unit), (float)(cutHeight * unit));
        foreach (var operation in settings.Order)
        {
            switch (operation)
            {
                case ViewOperation.Flip:
                    row[Flip] = parameters.Flip ? 1 : 0;
                    break;
                case ViewOperation.Rotation:
                    row[Angle] = parameters.Angle / 180;
                    break;
                case ViewOperation.Jitter when parameters.Jitter:
                    (row[Brightness], row[Contrast], row[Saturation], row[Hue]) = (parameters.Brightness - 1, parameters.Contrast - 1, parameters.Saturation - 1, parameters.Hue);
                    break;
                case ViewOperation.Grayscale:
                    row[Gray] = parameters.Grayscale ? 1 : 0;
                    break;
                case ViewOperation.Blur:
                    row[Blur] = parameters.BlurSigma;
                    break;
                case ViewOperation.Solarize:
                    row[Solarize] = parameters.Solarize ? 1 : 0;
                    break;
            }
        }
    }

    /// <summary>A centre crop is drawn as the whole image and cut out of its middle when it is made.</summary>
    private static (double Left, double Top, double Width, double Height) Box(CropSettings crop, CropBox drawn, int width, int height)
    {
        if (crop.Kind != CropKind.Center)
            return (drawn.Left, drawn.Top, drawn.Width, drawn.Height);
        var side = Math.Min(width, height) * (crop.ResizeShorter > 0 ? (double)crop.Size / crop.ResizeShorter : 1);
        return ((width - side) / 2, (height - side) / 2, side, side);
    }
}
