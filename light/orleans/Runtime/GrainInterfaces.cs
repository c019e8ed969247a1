using System.Collections.Concurrent;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>The grain and observer interfaces of this program, and their methods by number.</summary>
internal static class GrainInterfaces
{
    private static readonly ConcurrentDictionary<Type, GrainMethod[]> ByInterface = new();
    private static readonly Lazy<Dictionary<ulong, GrainMethod>> ById = new(FindMethods);

    /// <summary>The methods of an interface and of those that it extends.</summary>
    public static GrainMethod[] MethodsOf(Type type) => ByInterface.GetOrAdd(type, static type =>
        [.. type.GetInterfaces().Append(type).SelectMany(each => each.GetMethods()).Where(method => method.IsAbstract).Select(OwnMethod)]);

    public static GrainMethod Find(ulong id) => ById.Value.GetValueOrDefault(id)
        ?? throw new OrleansMessageRejectionException(
            $"This process knows no grain method {id:x16}; is the caller built from another version of the contracts?");

    public static Type? Find(string name) => ContractTypes.AllTypes.FirstOrDefault(type => type.FullName == name && IsGrainInterface(type));

    public static bool IsGrainInterface(Type type) => type.IsInterface && typeof(IAddressable).IsAssignableFrom(type);

    private static readonly ConcurrentDictionary<System.Reflection.MethodInfo, GrainMethod> Methods = new();

    private static GrainMethod OwnMethod(System.Reflection.MethodInfo method) => Methods.GetOrAdd(method, GrainMethod.Create);

    private static Dictionary<ulong, GrainMethod> FindMethods()
    {
        var methods = new Dictionary<ulong, GrainMethod>();
        foreach (var method in ContractTypes.AllTypes.Where(type => IsGrainInterface(type) && !type.IsGenericTypeDefinition).SelectMany(MethodsOf))
            methods[method.Id] = method;
        return methods;
    }
}
