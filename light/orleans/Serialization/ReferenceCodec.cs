using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>A grain or observer reference travels as the grain's identity; the reader calls through its own connections.</summary>
internal sealed class ReferenceCodec<T> : Codec<T?>
    where T : class, IAddressable
{
    public override WireKind Kind => WireKind.Text;

    public override bool IsShareable => false;

    public override void Write(BufferWriter writer, T? value) =>
        writer.WriteString(value is null ? null : $"{InterfaceOf(value).FullName}\n{Reference(value).GrainId}");

    public override T? Read(BufferReader reader)
    {
        if (reader.ReadString() is not { } text)
            return null;
        var line = text.IndexOf('\n', StringComparison.Ordinal);
        if (line < 0 || reader.Node is null)
            throw new SerializerException($"'{text}' is no grain reference.");
        var type = typeof(T).IsInterface && typeof(T) != typeof(IAddressable)
            ? typeof(T)
            : GrainInterfaces.Find(text[..line]) ?? throw new SerializerException($"The message has a reference to the unknown interface '{text[..line]}'.");
        return (T)reader.Node.CreateReference(GrainId.Parse(text[(line + 1)..]), type);
    }

    /// <summary>A grain that hands out itself hands out a reference.</summary>
    public override T? Copy(T? value) => value is null or GrainReference ? value : (T)Reference(value).Node.CreateReference(Reference(value).GrainId, typeof(T));

    private static GrainReference Reference(T value) => value switch
    {
        GrainReference reference => reference,
        IGrainBase grain => grain.GrainContext.GrainReference,
        _ => throw new NotSupportedException(
            $"{value.GetType()} is an object, not a reference. Did you forget to CreateObjectReference?"),
    };

    private static Type InterfaceOf(T value) => value is GrainReference { InterfaceType: { } type } ? type : typeof(T);
}
