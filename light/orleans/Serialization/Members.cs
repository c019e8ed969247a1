using System.Reflection;
using System.Reflection.Emit;

namespace Orleans.Serialization;

/// <summary>One member of a class or struct, as it travels.</summary>
internal abstract class Member<TOwner>(ulong tag, bool isReadOnly)
{
    /// <summary>The member's number and kind in one.</summary>
    public ulong Tag { get; } = tag;

    public bool IsReadOnly { get; } = isReadOnly;

    public abstract bool IsShareable { get; }

    public abstract void Write(BufferWriter writer, ref TOwner owner);

    public abstract void Read(BufferReader reader, ref TOwner owner);

    public abstract void Copy(ref TOwner from, ref TOwner to);
}

internal delegate TValue Getter<TOwner, TValue>(ref TOwner owner);

internal delegate void Setter<TOwner, TValue>(ref TOwner owner, TValue value);

internal sealed class Member<TOwner, TValue>(
    ulong tag, bool isReadOnly, Codec<TValue> codec, Getter<TOwner, TValue> get, Setter<TOwner, TValue> set)
    : Member<TOwner>(tag, isReadOnly)
{
    public override bool IsShareable => codec.IsShareable;

    public override void Write(BufferWriter writer, ref TOwner owner)
    {
        writer.WriteVarint(Tag);
        codec.Write(writer, get(ref owner));
    }

    public override void Read(BufferReader reader, ref TOwner owner) => set(ref owner, codec.Read(reader));

    public override void Copy(ref TOwner from, ref TOwner to)
    {
        var value = get(ref from);
        set(ref to, codec.IsShareable ? value : codec.Copy(value));
    }
}

/// <summary>Finds the members of a type: those with [Id], a record's primary constructor parameters, and a tuple's items.</summary>
internal static class Members
{
    private const BindingFlags Own = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly;

    public static Member<T>[] Of<T>()
    {
        var members = new List<Member<T>>();
        // Each class of the hierarchy numbers its members by itself, so the level is a part of the number.
        var level = 0UL;
        for (var type = typeof(T); type != null && type != typeof(object) && type != typeof(ValueType) && type != typeof(Exception); type = type.BaseType)
        {
            foreach (var (field, number, immutable) in Fields(type))
                members.Add(Make<T>(field, (level << 17) | number, immutable));
            level++;
        }
        return [.. members];
    }

    private static IEnumerable<(FieldInfo Field, ulong Number, bool Immutable)> Fields(Type type)
    {
        var parameters = PrimaryConstructor(type)?.GetParameters() ?? [];
        var isTuple = type.Namespace == "System" && type.Name.Contains("Tuple`", StringComparison.Ordinal)
            || type.IsGenericType && type.GetGenericTypeDefinition() == typeof(KeyValuePair<,>);
        var position = 0;
        foreach (var field in type.GetFields(Own).OrderBy(field => field.MetadataToken))
        {
            var property = field.Name.StartsWith('<') ? type.GetProperty(field.Name[1..field.Name.IndexOf('>')], Own) : null;
            MemberInfo member = property is null ? field : property;
            var parameter = Array.FindIndex(parameters, own => own.Name == property?.Name);
            var explicitId = member.GetCustomAttribute<IdAttribute>() ?? (parameter < 0 ? null : parameters[parameter].GetCustomAttribute<IdAttribute>());
            var immutable = member.IsDefined(typeof(ImmutableAttribute), false);
            if (explicitId is not null)
                yield return (field, (ulong)explicitId.Id << 1, immutable);
            else if (isTuple)
                yield return (field, (ulong)position++ << 1, immutable);
            else if (parameter >= 0)
                yield return (field, ((ulong)parameter << 1) | 1, immutable);
        }
    }

    /// <summary>A record's primary constructor: the one whose parameters all have a property of their name and type.</summary>
    private static ConstructorInfo? PrimaryConstructor(Type type) =>
        type.GetMethod("PrintMembers", Own) is null
            ? null
            : type.GetConstructors(Own)
                .Where(constructor => constructor.GetParameters() is { Length: > 0 } parameters
                    && parameters.All(parameter => type.GetProperty(parameter.Name!, Own)?.PropertyType == parameter.ParameterType))
                .MaxBy(constructor => constructor.GetParameters().Length);

    private static Member<T> Make<T>(FieldInfo field, ulong number, bool immutable)
    {
        var codec = immutable ? Codecs.ForImmutable(field.FieldType) : Codecs.For(field.FieldType);
        var get = typeof(Getter<,>).MakeGenericType(typeof(T), field.FieldType);
        var set = typeof(Setter<,>).MakeGenericType(typeof(T), field.FieldType);
        return (Member<T>)Activator.CreateInstance(
            typeof(Member<,>).MakeGenericType(typeof(T), field.FieldType),
            (number << 3) | (ulong)codec.Kind,
            field.IsInitOnly,
            codec,
            EmitGet<T>(field, get),
            EmitSet<T>(field, set))!;
    }

    // Emitted rather than compiled from expressions, which refuse to set the read-only fields behind init properties.
    private static Delegate EmitGet<T>(FieldInfo field, Type type)
    {
        var method = new DynamicMethod("Get" + field.Name, field.FieldType, [typeof(T).MakeByRefType()], typeof(Members), skipVisibility: true);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(T).IsValueType)
            il.Emit(OpCodes.Ldind_Ref);
        il.Emit(OpCodes.Ldfld, field);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate(type);
    }

    private static Delegate EmitSet<T>(FieldInfo field, Type type)
    {
        var method = new DynamicMethod("Set" + field.Name, null, [typeof(T).MakeByRefType(), field.FieldType], typeof(Members), skipVisibility: true);
        var il = method.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        if (!typeof(T).IsValueType)
            il.Emit(OpCodes.Ldind_Ref);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Stfld, field);
        il.Emit(OpCodes.Ret);
        return method.CreateDelegate(type);
    }
}
