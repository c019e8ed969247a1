namespace Orleans.Serialization;

/// <summary>How many bytes a value takes, for readers that do not know it.</summary>
internal enum WireKind
{
    Varint,
    Fixed4,
    Fixed8,
    Fixed16,
    Text,
    Bytes,
    Block,
}

/// <summary>Writes, reads and copies the values of one type.</summary>
internal abstract class Codec
{
    public abstract WireKind Kind { get; }

    /// <summary>True if a value can be shared by sender and receiver within a silo.</summary>
    public virtual bool IsShareable => true;

    public abstract void WriteObject(BufferWriter writer, object? value);

    public abstract object? ReadObject(BufferReader reader);

    public abstract object? CopyObject(object? value);
}

internal abstract class Codec<T> : Codec
{
    public abstract void Write(BufferWriter writer, T value);

    public abstract T Read(BufferReader reader);

    public virtual T Copy(T value) => value;

    public override void WriteObject(BufferWriter writer, object? value) => Write(writer, (T)value!);

    public override object? ReadObject(BufferReader reader) => Read(reader);

    public override object? CopyObject(object? value) => IsShareable ? value : Copy((T)value!);
}

/// <summary>A codec from two functions.</summary>
internal sealed class SimpleCodec<T>(WireKind kind, Action<BufferWriter, T> write, Func<BufferReader, T> read) : Codec<T>
{
    public override WireKind Kind => kind;

    public override void Write(BufferWriter writer, T value) => write(writer, value);

    public override T Read(BufferReader reader) => read(reader);
}

/// <summary>The bytes make no sense, or the value cannot be written.</summary>
[GenerateSerializer]
public class SerializerException : Exception
{
    public SerializerException(string message)
        : base(message)
    {
    }

    public SerializerException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>The type is not one that may travel.</summary>
[GenerateSerializer]
public class CodecNotFoundException(string message) : SerializerException(message);

/// <summary>An exception whose type this process does not know; it has the message and the stack of the original.</summary>
[GenerateSerializer]
public class UnavailableExceptionFallbackException(string message, Exception? innerException) : Exception(message, innerException)
{
    [Id(0)]
    public string ExceptionType { get; internal set; } = "";
}
