using System.Collections.Immutable;
using System.Globalization;
using Orleans.Metadata;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Placement
{
    /// <summary>Says on which silo a grain class is activated.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public abstract class PlacementAttribute : Attribute;

    /// <summary>On any silo; the default.</summary>
    public sealed class RandomPlacementAttribute : PlacementAttribute;

    /// <summary>On the silo that the hash of the key chooses.</summary>
    public sealed class HashBasedPlacementAttribute : PlacementAttribute;

    /// <summary>On the caller's silo (for a client: its gateway), if that one is allowed.</summary>
    public sealed class PreferLocalPlacementAttribute : PlacementAttribute;

    /// <summary>Narrows the silos on which a grain class may be activated.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = true)]
    public abstract class PlacementFilterAttribute(PlacementFilterStrategy placement) : Attribute
    {
        public PlacementFilterStrategy PlacementFilterStrategy { get; } = placement;
    }

    /// <summary>The parameters of a placement filter, which travel as the grain type's properties.</summary>
    public abstract class PlacementFilterStrategy(int order)
    {
        public int Order { get; private set; } = order;

        public void Initialize(GrainProperties properties)
        {
            Order = int.Parse(GetPlacementFilterGrainProperty("order", properties)!, CultureInfo.InvariantCulture);
            AdditionalInitialize(properties);
        }

        public virtual void AdditionalInitialize(GrainProperties properties)
        {
        }

        internal GrainProperties Describe(IServiceProvider services, Type grainClass, GrainType grainType)
        {
            var name = GetType().Name;
            var properties = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
            properties[$"placement-filter.{name}.order"] = Order.ToString(CultureInfo.InvariantCulture);
            foreach (var (key, value) in GetAdditionalGrainProperties(services, grainClass, grainType, properties.ToImmutable()))
                properties[$"placement-filter.{name}.{key}"] = value;
            return new GrainProperties(properties.ToImmutable());
        }

        protected string? GetPlacementFilterGrainProperty(string key, GrainProperties properties) =>
            properties.Properties.GetValueOrDefault($"placement-filter.{GetType().Name}.{key}");

        protected virtual IEnumerable<KeyValuePair<string, string>> GetAdditionalGrainProperties(
            IServiceProvider services, Type grainClass, GrainType grainType, IReadOnlyDictionary<string, string> existingProperties) => [];
    }

    /// <summary>Does the narrowing; runs on the silo that places the grain.</summary>
    public interface IPlacementFilterDirector
    {
        IEnumerable<SiloAddress> Filter(PlacementFilterStrategy filterStrategy, PlacementTarget target, IEnumerable<SiloAddress> silos);
    }
}

namespace Orleans.Metadata
{
    /// <summary>What is known about a grain type besides its name.</summary>
    public sealed class GrainProperties(ImmutableDictionary<string, string> values)
    {
        public ImmutableDictionary<string, string> Properties { get; } = values;
    }
}

namespace Orleans.Runtime.Placement
{
    /// <summary>The grain that is to be placed.</summary>
    public readonly struct PlacementTarget(
        GrainId grainIdentity, Dictionary<string, object> requestContextData, GrainInterfaceType interfaceType, ushort interfaceVersion)
    {
        public GrainId GrainIdentity { get; } = grainIdentity;

        public GrainInterfaceType InterfaceType { get; } = interfaceType;

        public ushort InterfaceVersion { get; } = interfaceVersion;

        public Dictionary<string, object> RequestContextData { get; } = requestContextData;
    }
}
