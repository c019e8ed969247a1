namespace SslOrleans.Learning.Data;

/// <summary>
/// A view size that grows with training (FFCV-SSL's 160 → 224; cookbook §5): constant until <paramref name="StartStep"/>,
/// then linear in steps of <paramref name="Multiple"/> pixels, constant from <paramref name="EndStep"/> on.
/// A function of the step alone, so every worker and every resumed run sees the same size.
/// </summary>
/// <param name="From">First size, pixels.</param>
/// <param name="To">Last size, pixels.</param>
/// <param name="StartStep">Step at which it begins to change.</param>
/// <param name="EndStep">Step from which on it is <paramref name="To"/>.</param>
/// <param name="Multiple">Sizes in between are rounded to this (a patch size, say).</param>
public sealed record ResolutionRamp(int From, int To, long StartStep, long EndStep, int Multiple = 32)
{
    /// <summary>Size at a step.</summary>
    public int SizeAt(long step)
    {
        if (step <= StartStep)
            return From;
        if (step >= EndStep)
            return To;
        var exact = From + ((To - From) * (double)(step - StartStep) / (EndStep - StartStep));
        var rounded = (int)Math.Round(exact / Multiple) * Multiple;
        return Math.Clamp(rounded, Math.Min(From, To), Math.Max(From, To));
    }
}
