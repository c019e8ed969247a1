namespace SslOrleans.Contracts.Steps;

/// <summary>Micro-batches <c>Start … Start + Size − 1</c> of a step: a node of the tree in which every sum over them is taken.</summary>
[GenerateSerializer]
[Alias("SslOrleans.MicroBatchRange")]
public readonly record struct MicroBatchRange([property: Id(0)] int Start, [property: Id(1)] int Size)
{
    /// <summary>First micro-batch behind this range.</summary>
    public int End => Start + Size;

    public override string ToString() => Size == 1 ? $"{Start}" : $"{Start}-{End - 1}";
}
