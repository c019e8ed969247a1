using System.Collections.Concurrent;
using System.Collections.Immutable;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>Finds or builds the codec of a type; each is built once per process.</summary>
internal static class Codecs
{
    private static readonly ConcurrentDictionary<Type, Codec> ByType = new(Primitives.All);

    private static readonly Dictionary<Type, Type> Generic = new()
    {
        [typeof(Nullable<>)] = typeof(NullableCodec<>),
        [typeof(Immutable<>)] = typeof(ImmutableCodec<>),
        [typeof(ReadOnlyMemory<>)] = typeof(MemoryCodec<>),
        [typeof(List<>)] = typeof(ListCodec<>),
        [typeof(IList<>)] = typeof(SequenceCodec<,>),
        [typeof(IReadOnlyList<>)] = typeof(SequenceCodec<,>),
        [typeof(ICollection<>)] = typeof(SequenceCodec<,>),
        [typeof(IReadOnlyCollection<>)] = typeof(SequenceCodec<,>),
        [typeof(IEnumerable<>)] = typeof(SequenceCodec<,>),
        [typeof(HashSet<>)] = typeof(HashSetCodec<>),
        [typeof(ImmutableArray<>)] = typeof(ImmutableArrayCodec<>),
        [typeof(ImmutableDictionary<,>)] = typeof(ImmutableDictionaryCodec<,>),
        [typeof(Dictionary<,>)] = typeof(DictionaryCodec<,,>),
        [typeof(IDictionary<,>)] = typeof(DictionaryCodec<,,>),
        [typeof(IReadOnlyDictionary<,>)] = typeof(DictionaryCodec<,,>),
    };

    public static Codec<T> For<T>() => Cache<T>.Instance;

    public static Codec For(Type type) => ByType.GetOrAdd(type, Build);

    /// <summary>As <see cref="For(Type)"/>, but a value of the type may be shared although the type does not say so.</summary>
    public static Codec ForImmutable(Type type) =>
        (Codec)Activator.CreateInstance(typeof(SharedCodec<>).MakeGenericType(type), For(type))!;

    private static Codec Build(Type type)
    {
        if (type.IsEnum)
            return Make(typeof(EnumCodec<>), type);
        if (type.IsArray)
        {
            var element = type.GetElementType()!;
            return type.GetArrayRank() != 1
                ? throw new CodecNotFoundException($"{type} cannot travel: an array must have one dimension.")
                : Make(MemoryCodec.Supports(element) ? typeof(BlitArrayCodec<>) : typeof(ArrayCodec<>), element);
        }
        if (typeof(IAddressable).IsAssignableFrom(type))
            return Make(typeof(ReferenceCodec<>), type);
        if (typeof(Exception).IsAssignableFrom(type))
            return Make(typeof(ExceptionCodec<>), type);
        if (type.IsGenericType)
        {
            var definition = type.GetGenericTypeDefinition();
            var arguments = type.GetGenericArguments();
            if (Generic.TryGetValue(definition, out var codec))
            {
                var own = codec.GetGenericArguments().Length == arguments.Length ? arguments : [type, .. arguments];
                return (Codec)Activator.CreateInstance(codec.MakeGenericType(own))!;
            }
            if (type.FullName!.StartsWith("System.ValueTuple`", StringComparison.Ordinal)
                || type.FullName.StartsWith("System.Tuple`", StringComparison.Ordinal)
                || definition == typeof(KeyValuePair<,>))
                return Make(typeof(ObjectCodec<>), type);
        }
        if (type == typeof(object) || type.IsInterface || type.IsAbstract)
            return Make(typeof(PolymorphicCodec<>), type);
        if (!type.IsDefined(typeof(GenerateSerializerAttribute), false))
            throw new CodecNotFoundException($"{type} cannot travel: mark it with [GenerateSerializer] and its members with [Id].");
        return Make(type.IsSealed || type.IsValueType ? typeof(ObjectCodec<>) : typeof(PolymorphicCodec<>), type);
    }

    private static Codec Make(Type codec, Type argument) => (Codec)Activator.CreateInstance(codec.MakeGenericType(argument))!;

    private static class Cache<T>
    {
        public static readonly Codec<T> Instance = (Codec<T>)For(typeof(T));
    }
}
