using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Orleans.Runtime;

namespace Orleans.Serialization;

/// <summary>
/// The assemblies of this program that use Orleans, and from them the types that may be created from bytes and the grain
/// classes. An assembly takes part by referring to this one; nothing has to be registered.
/// </summary>
internal static class ContractTypes
{
    private static readonly Lazy<Assembly[]> LazyAssemblies = new(FindAssemblies);
    private static readonly Lazy<Dictionary<string, Type>> ByName = new(FindTypes);
    private static readonly Lazy<Dictionary<string, Type>> ExceptionsByFullName = new(() => ByName.Value.Values
        .Where(type => typeof(Exception).IsAssignableFrom(type)).ToDictionary(type => type.FullName!, StringComparer.Ordinal));
    private static readonly ConcurrentDictionary<Type, string?> Names = new();

    public static Assembly[] Assemblies => LazyAssemblies.Value;

    public static IEnumerable<Type> AllTypes => Assemblies.SelectMany(LoadableTypes);

    public static string NameOf(Type type) =>
        Names.GetOrAdd(type, static type => ByName.Value.FirstOrDefault(entry => entry.Value == type).Key)
        ?? throw new CodecNotFoundException($"{type} cannot travel: mark it with [GenerateSerializer] and its members with [Id].");

    public static Type Find(string name) => ByName.Value.GetValueOrDefault(name)
        ?? throw new CodecNotFoundException($"The message has an object of type '{name}', which is none of this program's contracts.");

    /// <summary>Exceptions travel under their full names: a process that does not know the type can then say which one it was.</summary>
    public static Type? FindException(string name) =>
        ExceptionsByFullName.Value.GetValueOrDefault(name) ?? typeof(object).Assembly.GetType(name);

    /// <summary>The codec for objects of exactly this type.</summary>
    public static Codec CodecOf(Type type) => Exact.GetOrAdd(type, static type =>
        typeof(Exception).IsAssignableFrom(type) || !type.IsDefined(typeof(GenerateSerializerAttribute), false) || type.IsEnum
            ? Codecs.For(type)
            : (Codec)Activator.CreateInstance(typeof(ObjectCodec<>).MakeGenericType(type))!);

    private static readonly ConcurrentDictionary<Type, Codec> Exact = new();

    private static Dictionary<string, Type> FindTypes()
    {
        var types = new Dictionary<string, Type>(StringComparer.Ordinal);
        foreach (var (type, _) in Primitives.All)
            types[type.Name] = type;
        types["byte[]"] = typeof(byte[]);
        types["float[]"] = typeof(float[]);
        types["string[]"] = typeof(string[]);
        foreach (var type in AllTypes)
        {
            if (!type.IsGenericTypeDefinition && (type.IsDefined(typeof(GenerateSerializerAttribute), false) || typeof(Exception).IsAssignableFrom(type)))
                types[type.GetCustomAttribute<AliasAttribute>()?.Alias ?? type.FullName!] = type;
        }
        return types;
    }

    private static Assembly[] FindAssemblies()
    {
        var own = typeof(ContractTypes).Assembly;
        var found = new HashSet<Assembly> { own };
        foreach (var assembly in AppDomain.CurrentDomain.GetAssemblies())
        {
            if (assembly.GetReferencedAssemblies().Any(reference => reference.Name == own.GetName().Name))
                found.Add(assembly);
        }
        // A referenced project that no code mentions is not loaded yet, so look at the files beside the program too.
        foreach (var path in Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll"))
        {
            if (ReferenceThis(path, own.GetName().Name!))
                found.Add(Assembly.Load(new AssemblyName(Path.GetFileNameWithoutExtension(path))));
        }
        return [.. found];
    }

    private static bool ReferenceThis(string path, string name)
    {
        try
        {
            using var file = new PEReader(File.OpenRead(path));
            if (!file.HasMetadata)
                return false;
            var metadata = file.GetMetadataReader();
            return metadata.AssemblyReferences.Any(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name) == name);
        }
        catch (BadImageFormatException)
        {
            return false;
        }
    }

    private static Type[] LoadableTypes(Assembly assembly)
    {
        try
        {
            return assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException error)
        {
            return [.. error.Types.OfType<Type>()];
        }
    }
}
