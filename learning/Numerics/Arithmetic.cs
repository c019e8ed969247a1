namespace SslOrleans.Learning.Numerics;

/// <summary>What this code adds to a worker's numerics class: builds that round differently must not compute for one run.</summary>
public static class Arithmetic
{
    /// <summary>Goes up with every change after which the bits of a step differ: of a layout, a kernel, the order of a sum.</summary>
    private const int Revision = 4;

    /// <summary>The part of a numerics class that this code decides.</summary>
    public static string Class => $"arithmetic {Revision}";
}
