using System.Reflection;
using System.Runtime.CompilerServices;
using Orleans.Concurrency;

namespace Orleans.Serialization;

/// <summary>
/// A class or struct: a block of its members, each behind its number and kind, so that a reader steps over members that
/// it does not know and leaves members that are missing as its constructor made them.
/// </summary>
internal sealed class ObjectCodec<T> : Codec<T>, IMemberCodec
{
    private static readonly ConstructorInfo? Constructor = typeof(T).IsValueType
        ? null
        : typeof(T).GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, []);

    private static readonly bool IsClass = !typeof(T).IsValueType;
    private readonly Lazy<Member<T>[]> _members = new(Members.Of<T>);
    private readonly Lazy<bool> _shareable;
    private bool _deciding;

    public ObjectCodec() => _shareable = new(DecideShareable);

    public override WireKind Kind => WireKind.Block;

    /// <summary>Marked immutable, or nothing but read-only members that are themselves shareable.</summary>
    public override bool IsShareable => _deciding || _shareable.Value;

    public override void Write(BufferWriter writer, T value)
    {
        if (IsClass && value is null)
        {
            writer.WriteNullBlock();
            return;
        }
        var outer = writer.Immutable;
        writer.Immutable |= IsMarkedImmutable;
        var block = writer.BeginBlock();
        foreach (var member in _members.Value)
            member.Write(writer, ref value);
        writer.EndBlock(block);
        writer.Immutable = outer;
    }

    public override T Read(BufferReader reader)
    {
        if (reader.BeginBlock() is not { } outer)
            return default!;
        var value = Create();
        ReadMembers(reader, ref value);
        reader.EndBlock(outer);
        return value;
    }

    public override T Copy(T value)
    {
        if (IsShareable || (IsClass && value is null))
            return value;
        var copy = IsClass ? (T)RuntimeHelpers.GetUninitializedObject(typeof(T)) : default!;
        foreach (var member in _members.Value)
            member.Copy(ref value, ref copy);
        return copy;
    }

    void IMemberCodec.WriteMembers(BufferWriter writer, object value) => Write(writer, (T)value);

    void IMemberCodec.ReadMembers(BufferReader reader, object value)
    {
        var target = (T)value;
        if (reader.BeginBlock() is not { } outer)
            return;
        ReadMembers(reader, ref target);
        reader.EndBlock(outer);
    }

    private static bool IsMarkedImmutable { get; } = typeof(T).IsDefined(typeof(ImmutableAttribute), false);

    private static T Create() => !IsClass ? default!
        : Constructor is null ? (T)RuntimeHelpers.GetUninitializedObject(typeof(T))
        : (T)Constructor.Invoke([]);

    private void ReadMembers(BufferReader reader, ref T value)
    {
        var members = _members.Value;
        var next = 0;
        while (!reader.AtEnd)
        {
            var tag = reader.ReadVarint();
            // Members come in the order in which they were written, so the next one is nearly always the right one.
            var index = next < members.Length && members[next].Tag == tag ? next : Array.FindIndex(members, member => member.Tag == tag);
            if (index < 0)
            {
                reader.Skip((WireKind)(tag & 7));
                continue;
            }
            members[index].Read(reader, ref value);
            next = index + 1;
        }
    }

    private bool DecideShareable()
    {
        if (IsMarkedImmutable)
            return true;
        if (IsClass && !typeof(T).IsSealed)
            return false;
        _deciding = true;
        var shareable = _members.Value.All(member => member.IsReadOnly && member.IsShareable);
        _deciding = false;
        return shareable;
    }
}

/// <summary>Writes and reads the members of an object that exists already.</summary>
internal interface IMemberCodec
{
    void WriteMembers(BufferWriter writer, object value);

    void ReadMembers(BufferReader reader, object value);
}

/// <summary>A reference whose object may be of a derived type: the type's name comes first, and must be one that may travel.</summary>
internal sealed class PolymorphicCodec<T> : Codec<T>
{
    private readonly Codec<T>? _exact = typeof(T).IsAbstract || typeof(T).IsInterface || typeof(T) == typeof(object) ? null : new ObjectCodec<T>();

    public override WireKind Kind => WireKind.Block;

    public override bool IsShareable => false;

    public override void Write(BufferWriter writer, T value)
    {
        if (value is null)
        {
            writer.WriteNullBlock();
            return;
        }
        var type = value.GetType();
        var block = writer.BeginBlock();
        writer.WriteString(type == typeof(T) ? "" : ContractTypes.NameOf(type));
        CodecOf(type).WriteObject(writer, value);
        writer.EndBlock(block);
    }

    public override T Read(BufferReader reader)
    {
        if (reader.BeginBlock() is not { } outer)
            return default!;
        var name = reader.ReadString() ?? throw new SerializerException("The message has an object without a type name.");
        var type = name.Length == 0 ? typeof(T) : ContractTypes.Find(name);
        if (!typeof(T).IsAssignableFrom(type) || (name.Length == 0 && _exact is null))
            throw new SerializerException($"The message has a {type} where a {typeof(T)} belongs.");
        var value = (T)CodecOf(type).ReadObject(reader)!;
        reader.EndBlock(outer);
        return value;
    }

    public override T Copy(T value) => value is null ? value : (T)CodecOf(value.GetType()).CopyObject(value)!;

    public override object? CopyObject(object? value) => Copy((T)value!);

    private Codec CodecOf(Type type) => type == typeof(T) ? _exact! : ContractTypes.CodecOf(type);
}
