using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Orleans.Serialization;

/// <summary>
/// An exception with its type, message, inner exception and the stack where it was thrown. Its members with [Id] travel
/// too. A type that this process does not know arrives as <see cref="UnavailableExceptionFallbackException"/>.
/// </summary>
internal sealed class ExceptionCodec<T> : Codec<T?>
    where T : Exception
{
    public override WireKind Kind => WireKind.Block;

    public override void Write(BufferWriter writer, T? value) => Exceptions.Write(writer, value);

    public override T? Read(BufferReader reader) => Exceptions.Read(reader) switch
    {
        null => null,
        T exact => exact,
        var other => throw new SerializerException($"The message has a {other.GetType()} where a {typeof(T)} belongs.", other),
    };
}

internal static class Exceptions
{
    private static readonly ConcurrentDictionary<Type, IMemberCodec> ByType = new();

    public static void Write(BufferWriter writer, Exception? value)
    {
        if (value is null)
        {
            writer.WriteNullBlock();
            return;
        }
        var block = writer.BeginBlock();
        var type = value.GetType();
        writer.WriteString(type.FullName);
        writer.WriteString(value is AggregateException ? RawMessage(value) : value.Message);
        writer.WriteString(value.StackTrace);
        writer.WriteVarint((uint)value.HResult);
        Write(writer, value.InnerException);
        if (type.IsDefined(typeof(GenerateSerializerAttribute), false))
            MembersOf(type).WriteMembers(writer, value);
        writer.EndBlock(block);
    }

    public static Exception? Read(BufferReader reader)
    {
        if (reader.BeginBlock() is not { } outer)
            return null;
        var name = reader.ReadString() ?? "";
        var message = reader.ReadString() ?? "";
        var stack = reader.ReadString();
        var code = (int)reader.ReadVarint();
        var inner = Read(reader);
        var type = ContractTypes.FindException(name);
        var error = (type is null || !typeof(Exception).IsAssignableFrom(type) ? null : Create(type, message, inner))
            ?? new UnavailableExceptionFallbackException(message, inner) { ExceptionType = name };
        if (!reader.AtEnd && error.GetType() == type && type.IsDefined(typeof(GenerateSerializerAttribute), false))
            MembersOf(type).ReadMembers(reader, error);
        RawMessage(error) = message;
        RawInner(error) = inner;
        RawCode(error) = code;
        RawStack(error) = stack is null ? null : stack + Environment.NewLine + "--- End of stack trace from the called grain ---" + Environment.NewLine;
        reader.EndBlock(outer);
        return error;
    }

    private static Exception? Create(Type type, string message, Exception? inner)
    {
        try
        {
            if (type.GetConstructor([typeof(string), typeof(Exception)]) is { } both)
                return (Exception)both.Invoke([message, inner]);
            if (type.GetConstructor([typeof(string)]) is { } one)
                return (Exception)one.Invoke([message]);
            return type.IsAbstract ? null : (Exception)RuntimeHelpers.GetUninitializedObject(type);
        }
        catch (System.Reflection.TargetInvocationException)
        {
            return null;
        }
    }

    private static IMemberCodec MembersOf(Type type) =>
        ByType.GetOrAdd(type, static type => (IMemberCodec)Activator.CreateInstance(typeof(ObjectCodec<>).MakeGenericType(type))!);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_message")]
    private static extern ref string? RawMessage(Exception error);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_innerException")]
    private static extern ref Exception? RawInner(Exception error);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_HResult")]
    private static extern ref int RawCode(Exception error);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_remoteStackTraceString")]
    private static extern ref string? RawStack(Exception error);
}
