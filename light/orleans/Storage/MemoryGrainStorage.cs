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
        var answer = await Store(stateName, grainId).Write(writer.Body.ToArray(), grainState.ETag);
        ThrowIfConflict(answer, stateName, grainId, grainState.ETag);
        grainState.ETag = answer.StoredETag;
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var answer = await Store(stateName, grainId).Clear(grainState.ETag);
        ThrowIfConflict(answer, stateName, grainId, grainState.ETag);
        grainState.ETag = null;
        grainState.RecordExists = false;
        grainState.State = default;
    }

    private static void ThrowIfConflict(MemoryAnswer answer, string stateName, GrainId grain, string? eTag)
    {
        if (answer.IsConflict)
            throw new InconsistentStateException($"The state '{stateName}' of {grain} was changed by someone else.", answer.StoredETag, eTag);
    }

    private IMemoryStorageGrain Store(string stateName, GrainId grain) => grains.GetGrain<IMemoryStorageGrain>($"{name}/{stateName}/{grain}");
}

/// <summary>Holds one record of memory storage.</summary>
internal interface IMemoryStorageGrain : IGrainWithStringKey
{
    Task<MemoryRecord?> Read();

    Task<MemoryAnswer> Write(byte[] state, string? eTag);

    Task<MemoryAnswer> Clear(string? eTag);
}

[GenerateSerializer]
internal sealed class MemoryRecord
{
    [Id(0)]
    public byte[] State { get; init; } = [];

    [Id(1)]
    public string ETag { get; init; } = "";
}

/// <summary>Whether a change was made, and the ETag that is stored now.</summary>
[GenerateSerializer]
internal readonly record struct MemoryAnswer([property: Id(0)] bool IsConflict, [property: Id(1)] string? StoredETag);

[KeepAlive]
internal sealed class MemoryStorageGrain : Grain, IMemoryStorageGrain
{
    private MemoryRecord? _record;

    public Task<MemoryRecord?> Read() => Task.FromResult(_record);

    public Task<MemoryAnswer> Write(byte[] state, string? eTag) =>
        Change(eTag, new MemoryRecord { State = state, ETag = Guid.NewGuid().ToString("N") });

    public Task<MemoryAnswer> Clear(string? eTag) => Change(eTag, null);

    private Task<MemoryAnswer> Change(string? eTag, MemoryRecord? record)
    {
        if (eTag != _record?.ETag)
            return Task.FromResult(new MemoryAnswer(true, _record?.ETag));
        _record = record;
        return Task.FromResult(new MemoryAnswer(false, record?.ETag));
    }
}
