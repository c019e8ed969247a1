using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
namespace Orleans.Runtime
{
    public class GrainReference : IAddressable
    {
        internal Node Node => throw new NotImplementedException();
        public GrainId GrainId => throw new NotImplementedException();
    }
    internal class Node { public object CreateReference(GrainId id, Type type) => throw new NotImplementedException($"{id}{type}"); }
    internal class Activation : IGrainContext
    {
        public GrainId GrainId => throw new NotImplementedException();
        public GrainReference GrainReference => throw new NotImplementedException();
        public object? GrainInstance => throw new NotImplementedException();
        public IServiceProvider ActivationServices => throw new NotImplementedException();
        public Task Deactivated => throw new NotImplementedException();
        public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default) => throw new NotImplementedException();
        public void DelayDeactivation(TimeSpan timeSpan) => throw new NotImplementedException($"{timeSpan}");
        public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options) => throw new NotImplementedException($"{callback}{options}");
    }
}
namespace Orleans.Hosting
{
    internal static class SiloServices { public static void Add(IServiceCollection services, IConfiguration configuration, Action<ISiloBuilder> configure) => configure(new SiloBuilder(services, configuration)); }
    internal static class ClientServices { public static void Add(IServiceCollection services, IConfiguration configuration, Action<IClientBuilder> configure) => configure(new ClientBuilder(services, configuration)); }
}
namespace Orleans.Storage
{
    internal class MemoryGrainStorage { public static IGrainStorage Create(IServiceProvider services, string name) => throw new NotImplementedException($"{services}{name}"); }
}
