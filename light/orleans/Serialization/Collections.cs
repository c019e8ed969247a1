using System.Collections.Immutable;

namespace Orleans.Serialization;

/// <summary>Elements one after the other behind their count; null is a null block.</summary>
internal abstract class ElementsCodec<TCollection, T> : Codec<TCollection>
{
    private readonly Lazy<Codec<T>> _element = new(Codecs.For<T>);

    public override WireKind Kind => WireKind.Block;

    public override bool IsShareable => false;

    protected Codec<T> Element => _element.Value;

    public override void Write(BufferWriter writer, TCollection value)
    {
        if (IsNull(value))
        {
            writer.WriteNullBlock();
            return;
        }
        var block = writer.BeginBlock();
        writer.WriteVarint((ulong)Count(value));
        foreach (var element in Elements(value))
            Element.Write(writer, element);
        writer.EndBlock(block);
    }

    public override TCollection Read(BufferReader reader)
    {
        if (reader.BeginBlock() is not { } outer)
            return default!;
        var elements = new T[reader.ReadCount()];
        for (var i = 0; i < elements.Length; i++)
            elements[i] = Element.Read(reader);
        reader.EndBlock(outer);
        return Make(elements);
    }

    public override TCollection Copy(TCollection value)
    {
        if (IsNull(value))
            return value;
        var elements = new T[Count(value)];
        var i = 0;
        foreach (var element in Elements(value))
            elements[i++] = Element.Copy(element);
        return Make(elements);
    }

    protected virtual bool IsNull(TCollection value) => value is null;

    protected abstract int Count(TCollection value);

    protected virtual IEnumerable<T> Elements(TCollection value) => (IEnumerable<T>)value!;

    protected abstract TCollection Make(T[] elements);
}

internal sealed class ArrayCodec<T> : ElementsCodec<T[], T>
{
    protected override int Count(T[] value) => value.Length;

    protected override T[] Make(T[] elements) => elements;
}

internal sealed class ListCodec<T> : ElementsCodec<List<T>, T>
{
    protected override int Count(List<T> value) => value.Count;

    protected override List<T> Make(T[] elements) => [.. elements];
}

/// <summary>A collection behind an interface arrives as a list.</summary>
internal sealed class SequenceCodec<TSequence, T> : ElementsCodec<TSequence, T>
{
    protected override int Count(TSequence value) => ((IEnumerable<T>)value!).Count();

    protected override TSequence Make(T[] elements) => (TSequence)(object)new List<T>(elements);
}

internal sealed class HashSetCodec<T> : ElementsCodec<HashSet<T>, T>
{
    protected override int Count(HashSet<T> value) => value.Count;

    protected override HashSet<T> Make(T[] elements) => [.. elements];
}

internal sealed class ImmutableArrayCodec<T> : ElementsCodec<ImmutableArray<T>, T>
{
    public override bool IsShareable => Element.IsShareable;

    protected override bool IsNull(ImmutableArray<T> value) => value.IsDefault;

    protected override int Count(ImmutableArray<T> value) => value.Length;

    protected override ImmutableArray<T> Make(T[] elements) => ImmutableCollectionsMarshal(elements);

    private static ImmutableArray<T> ImmutableCollectionsMarshal(T[] elements) =>
        System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(elements);
}

internal sealed class DictionaryCodec<TDictionary, TKey, TValue> : ElementsCodec<TDictionary, KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    protected override int Count(TDictionary value) => ((IEnumerable<KeyValuePair<TKey, TValue>>)value!).Count();

    protected override TDictionary Make(KeyValuePair<TKey, TValue>[] elements) => (TDictionary)(object)new Dictionary<TKey, TValue>(elements);
}

internal sealed class ImmutableDictionaryCodec<TKey, TValue> : ElementsCodec<ImmutableDictionary<TKey, TValue>, KeyValuePair<TKey, TValue>>
    where TKey : notnull
{
    public override bool IsShareable => Element.IsShareable;

    protected override int Count(ImmutableDictionary<TKey, TValue> value) => value.Count;

    protected override ImmutableDictionary<TKey, TValue> Make(KeyValuePair<TKey, TValue>[] elements) => ImmutableDictionary.CreateRange(elements);
}
