using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using Orleans.Placement;
using Orleans.Serialization;
using Orleans.Storage;

namespace Orleans.Runtime;

/// <summary>A grain class: its type name, its rules, and how to build an activation's object.</summary>
internal sealed class GrainClass
{
    private static readonly Lazy<GrainClass[]> Found = new(() =>
        [.. ContractTypes.AllTypes
            .Where(type => type is { IsClass: true, IsAbstract: false, IsGenericTypeDefinition: false } && typeof(IGrainBase).IsAssignableFrom(type))
            .Select(type => new GrainClass(type))]);

    private readonly ConstructorInfo _constructor;
    private readonly Func<Activation, object?>[] _parameters;

    private GrainClass(Type type)
    {
        Type = type;
        Name = type.FullName!;
        GrainType = GrainType.Create(TypeNameOf(type));
        Interfaces = [.. type.GetInterfaces().Where(each => each != typeof(IGrain) && typeof(IGrain).IsAssignableFrom(each))];
        IsReentrant = type.IsDefined(typeof(ReentrantAttribute), true);
        Placement = type.GetCustomAttribute<PlacementAttribute>(true);
        Filters = [.. type.GetCustomAttributes<PlacementFilterAttribute>(true)];
        _constructor = type.GetConstructors().OrderByDescending(each => each.GetParameters().Length).FirstOrDefault()
            ?? throw new OrleansConfigurationException($"The grain class {type} has no public constructor.");
        _parameters = [.. _constructor.GetParameters().Select(SourceOf)];
    }

    public static GrainClass[] All => Found.Value;

    public Type Type { get; }

    /// <summary>Full name of the class, as statistics show it.</summary>
    public string Name { get; }

    public GrainType GrainType { get; }

    public Type[] Interfaces { get; }

    public bool IsReentrant { get; }

    public PlacementAttribute? Placement { get; }

    public PlacementFilterAttribute[] Filters { get; }

    public bool IsStatelessWorker => Placement is StatelessWorkerAttribute;

    public int MaxLocalWorkers => Placement is StatelessWorkerAttribute worker ? worker.MaxLocalWorkers : 1;

    public TimeSpan? OwnAgeLimit =>
        Type.IsDefined(typeof(KeepAliveAttribute), true) ? TimeSpan.MaxValue : Type.GetCustomAttribute<CollectionAgeLimitAttribute>()?.AgeLimit;

    /// <summary>Builds the object in a turn of its activation.</summary>
    public object Create(Activation activation)
    {
        try
        {
            return _constructor.Invoke([.. _parameters.Select(source => source(activation))]);
        }
        catch (TargetInvocationException error) when (error.InnerException is not null)
        {
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(error.InnerException);
            throw;
        }
    }

    private static string TypeNameOf(Type type)
    {
        if (type.GetCustomAttribute<GrainTypeAttribute>()?.GrainType is { } explicitName)
            return explicitName;
        var name = type.Name.ToLowerInvariant();
        return name.EndsWith("grain", StringComparison.Ordinal) && name.Length > 5 ? name[..^5] : name;
    }

    private static Func<Activation, object?> SourceOf(ParameterInfo parameter)
    {
        var type = parameter.ParameterType;
        if (type == typeof(IGrainContext))
            return activation => activation;
        if (parameter.GetCustomAttribute<PersistentStateAttribute>() is { } state)
        {
            var create = typeof(PersistentState).GetMethod(nameof(PersistentState.Create))!.MakeGenericMethod(type.GetGenericArguments()[0])
                .CreateDelegate<Func<Activation, PersistentStateAttribute, object>>();
            return activation => create(activation, state);
        }
        if (parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed)
            return activation => activation.ActivationServices.GetRequiredKeyedService(type, keyed.Key);
        return activation => parameter.HasDefaultValue
            ? activation.ActivationServices.GetService(type) ?? parameter.DefaultValue
            : activation.ActivationServices.GetRequiredService(type);
    }
}
