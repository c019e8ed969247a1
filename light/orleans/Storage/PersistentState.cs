using Microsoft.Extensions.DependencyInjection;
using Orleans.Storage;

namespace Orleans.Runtime;

internal static class PersistentState
{
    /// <summary>The state that a grain's constructor asks for; it is read before the grain is activated.</summary>
    public static object Create<T>(Activation activation, PersistentStateAttribute attribute)
    {
        var storage = activation.ActivationServices.GetKeyedService<IGrainStorage>(attribute.StorageName ?? "Default")
            ?? throw new BadProviderConfigException(
                $"{activation.Class.Name} asks for the grain storage '{attribute.StorageName ?? "Default"}', which is not configured: add it with AddGrainStorage or AddMemoryGrainStorage.");
        var state = new PersistentState<T>(activation.GrainId, attribute.StateName, storage);
        activation.OnSetup.Add(state.ReadStateAsync);
        return state;
    }
}

/// <summary>A grain's state and the storage that keeps it.</summary>
internal sealed class PersistentState<T>(GrainId grain, string name, IGrainStorage storage) : IPersistentState<T>
{
    private readonly GrainState<T> _state = new(NewState());

    public T State
    {
        get => _state.State!;
        set => _state.State = value;
    }

    public string? Etag => _state.ETag;

    public bool RecordExists => _state.RecordExists;

    public async Task ReadStateAsync()
    {
        await storage.ReadStateAsync(name, grain, _state);
        // A record that is not there leaves nothing, but the grain is promised an object.
        _state.State ??= NewState();
    }

    public Task WriteStateAsync() => storage.WriteStateAsync(name, grain, _state);

    public async Task ClearStateAsync()
    {
        await storage.ClearStateAsync(name, grain, _state);
        _state.State = NewState();
    }

    private static T? NewState() =>
        typeof(T).IsValueType || typeof(T).GetConstructor([]) is null ? default : Activator.CreateInstance<T>();
}
