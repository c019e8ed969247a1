namespace Orleans.Runtime;

/// <summary>A grain's identity and the way to it. For each grain interface a class is derived from this that implements it.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(Node node, GrainId grainId, Type? interfaceType)
    {
        Node = node;
        GrainId = grainId;
        InterfaceType = interfaceType;
    }

    public GrainId GrainId { get; }

    internal Node Node { get; }

    internal Type? InterfaceType { get; }

    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);

    public override bool Equals(object? obj) => Equals(obj as GrainReference);

    public override int GetHashCode() => GrainId.GetHashCode();

    public override string ToString() => $"GrainReference:{GrainId}";

    internal Task Call(GrainMethod method, object?[] arguments) => Node.Call<object?>(this, method, arguments);

    internal Task<T> Call<T>(GrainMethod method, object?[] arguments) => Node.Call<T>(this, method, arguments);

    internal ValueTask CallValue(GrainMethod method, object?[] arguments) => new(Node.Call<object?>(this, method, arguments));

    internal ValueTask<T> CallValue<T>(GrainMethod method, object?[] arguments) => new(Node.Call<T>(this, method, arguments));

    internal void CallVoid(GrainMethod method, object?[] arguments) => _ = Node.Call<object?>(this, method, arguments);

    internal IAsyncEnumerable<T> CallStream<T>(GrainMethod method, object?[] arguments) => new ResultStream<T>(this, method, arguments);
}
