using Orleans.Runtime;
using Orleans.Serialization;

namespace Orleans.Storage;

/// <summary>Grain storage in the memory of grains: it outlives the activations that use it, but not the silo that holds it.</summary>
internal sealed class MemoryGrainStorage(IGrainFactory grains, string name) : IGrainStorage
{
    public static MemoryGrainStorage Create(IServiceProvider services, string name) =>
        new((IGrainFactory)services.GetService(typeof(IGrainFactory))!, name);

    public async Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var record = await Store(stateName, grainId).Read();
        grainState.ETag = record?.ETag;
        grainState.RecordExists = record is not null;
        grainState.State = record is null ? default : Codecs.For<T>().Read(new BufferReader(record.State, [], (Node)grains));
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        using var writer = new BufferWriter { Inline = true };
        Codecs.For<T>().Write(writer, grainState.State!);
        grainState.ETag = await Store(stateName, grainId).Write(writer.Body.ToArray(), grainState.ETag);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        await Store(stateName, grainId).Clear(grainState.ETag);
        grainState.ETag = null;
        grainState.RecordExists = false;
        grainState.State = default;
    }

    private IMemoryStorageGrain Store(string stateName, GrainId grain) => grains.GetGrain<IMemoryStorageGrain>($"{name}/{stateName}/{grain}");
}

/// <summary>Holds one record of memory storage.</summary>
internal interface IMemoryStorageGrain : IGrainWithStringKey
{
    Task<MemoryRecord?> Read();

    Task<string> Write(byte[] state, string? eTag);

    Task Clear(string? eTag);
}

[GenerateSerializer]
internal sealed class MemoryRecord
{
    [Id(0)]
    public byte[] State { get; init; } = [];

    [Id(1)]
    public string ETag { get; init; } = "";
}

[KeepAlive]
internal sealed class MemoryStorageGrain : Grain, IMemoryStorageGrain
{
    private MemoryRecord? _record;

    public MemoryStorageGrain()
    {
    }

    public Task<MemoryRecord?> Read() => Task.FromResult(_record);

    public Task<string> Write(byte[] state, string? eTag)
    {
        Check(eTag);
        _record = new MemoryRecord { State = state, ETag = Guid.NewGuid().ToString("N") };
        return Task.FromResult(_record.ETag);
    }

    public Task Clear(string? eTag)
    {
        Check(eTag);
        _record = null;
        return Task.CompletedTask;
    }

    private void Check(string? eTag)
    {
        if (eTag != _record?.ETag)
            throw new InconsistentStateException($"The state of {this.GetPrimaryKeyString()} was changed by someone else.", _record?.ETag, eTag);
    }
}
