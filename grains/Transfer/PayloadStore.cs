using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Orleans.Concurrency;
using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;

namespace SslOrleans.Grains.Transfer;

/// <summary>
/// What a silo keeps for the receivers of its messages, and how it takes what others keep: see <see cref="Payload"/>. Memory is used again and again,
/// since the kernel clears fresh pages, which costs more than the copy. What arrives is compared with its hash, so bytes that the sender uses again
/// too early, or that were damaged on the way, are never taken for the message's.
/// </summary>
/// <param name="grains">Reaches other silos.</param>
/// <param name="self">This silo.</param>
/// <param name="machine">Whose processes share memory with this one; empty for none.</param>
public sealed class PayloadStore(IGrainFactory grains, ILocalSiloDetails self, string machine) : IDisposable
{
    /// <summary>Parts in flight between machines at a time.</summary>
    private const int Window = 8;

    /// <summary>Free memory of one length that is kept; more would hold memory for nothing.</summary>
    private const int MostFree = 8;

    /// <summary>How long an answer is kept.</summary>
    internal TimeSpan Lending { get; init; } = TimeSpan.FromMinutes(2);

    private readonly ConcurrentDictionary<long, IKeptBytes> _kept = [];
    private readonly ConcurrentDictionary<long, ConcurrentBag<SharedMemory>> _free = [];
    private long _last;

    public PayloadStore(IGrainFactory grains, ILocalSiloDetails self)
        : this(grains, self, SharedMemory.Machine)
    {
    }

    /// <summary>Longest payload that travels in its message, in bytes.</summary>
    internal int InMessage { get; init; } = 32 * 1024;

    /// <summary>Payloads that are kept now.</summary>
    public int Count => _kept.Count;

    /// <summary>Keeps bytes until the result is disposed of. Few bytes are copied into the message instead.</summary>
    /// <param name="bytes">Copied.</param>
    /// <param name="hash">Their XXH128 in hexadecimal, where it is known already.</param>
    public KeptPayload Keep(ReadOnlySpan<byte> bytes, string? hash = null)
    {
        if (bytes.Length <= InMessage)
            return new KeptPayload(Payload.Of(bytes.ToArray()), () => { });
        var number = Interlocked.Increment(ref _last);
        var memory = Copy(bytes);
        var kept = memory is null ? (IKeptBytes)new OwnBytes(bytes.ToArray()) : new SharedBytes(memory);
        _kept[number] = kept;
        return new KeptPayload(
            new Payload(bytes.Length, hash ?? Hash(bytes), new([]), self.Name, number, memory is null ? "" : machine, memory?.Path ?? ""),
            () =>
            {
                if (_kept.TryRemove(number, out _) && memory is not null)
                    Free(memory);
            });
    }

    /// <summary>Keeps float32 values until the result is disposed of.</summary>
    public KeptPayload Keep(ReadOnlySpan<float> values, string? hash = null) => Keep(MemoryMarshal.AsBytes(values), hash);

    /// <summary>Keeps float32 values for two minutes: for answers, of which nobody hears whether they were taken.</summary>
    public Payload Lend(ReadOnlySpan<float> values)
    {
        var kept = Keep(values);
        _ = Task.Delay(Lending).ContinueWith(_ => kept.Dispose(), TaskScheduler.Default);
        return kept.Payload;
    }

    /// <summary>Takes a payload's float32 values.</summary>
    /// <param name="payload">Of this silo or any other.</param>
    /// <param name="into">Of exactly its length.</param>
    /// <exception cref="PayloadLostException">Its silo does not keep it any more.</exception>
    /// <exception cref="OrleansException">Its silo does not answer.</exception>
    public async Task Take(Payload payload, Memory<float> into)
    {
        if (payload.Length != sizeof(float) * (long)into.Length)
            throw new ArgumentException($"{payload.Length} bytes for {into.Length} values.", nameof(payload));
        if (TookHere(payload, MemoryMarshal.AsBytes(into.Span)))
            return;
        var taking = new List<Task>();
        using var slots = new SemaphoreSlim(Window, Window);
        for (var offset = 0L; offset < payload.Length; offset += Payload.PartLength)
            taking.Add(Part(offset));
        await Task.WhenAll(taking);
        if (Hash(MemoryMarshal.AsBytes(into.Span)) != payload.Hash)
            throw new PayloadLostException($"Payload {payload.Number} of silo {payload.Silo} changed while it was read.", payload.Silo);

        async Task Part(long offset)
        {
            await slots.WaitAsync();
            try
            {
                var length = (int)Math.Min(Payload.PartLength, payload.Length - offset);
                var part = await grains.GetGrain<IPayloadGrain>($"{payload.Silo}/payloads").Read(payload.Number, offset, length);
                part.Value.CopyTo(MemoryMarshal.AsBytes(into.Span)[(int)offset..]);
            }
            finally
            {
                slots.Release();
            }
        }
    }

    /// <summary>A payload's float32 values.</summary>
    /// <exception cref="PayloadLostException">Its silo does not keep it any more.</exception>
    public async Task<float[]> Take(Payload payload)
    {
        var values = GC.AllocateUninitializedArray<float>(checked((int)(payload.Length / sizeof(float))));
        await Take(payload, values);
        return values;
    }

    /// <summary>For <see cref="IPayloadGrain"/>.</summary>
    internal Immutable<byte[]> Read(long number, long offset, int length)
    {
        if (!_kept.TryGetValue(number, out var kept))
            throw new PayloadLostException($"Silo {self.Name} does not keep payload {number} any more.", self.Name);
        var part = GC.AllocateUninitializedArray<byte>(length);
        kept.Read(offset, part);
        return new(part);
    }

    public void Dispose()
    {
        foreach (var kept in _kept.Values)
            kept.Dispose();
        _kept.Clear();
        foreach (var memory in _free.Values.SelectMany(f => f))
            memory.Dispose();
        _free.Clear();
    }

    private bool TookHere(Payload payload, Span<byte> into)
    {
        if (payload.IsHere)
        {
            payload.Here.Value.CopyTo(into);
            return true;
        }

        return payload.Machine.Length > 0 && payload.Machine == machine && SharedMemory.TryRead(payload.Path, into) && Hash(into) == payload.Hash;
    }

    private SharedMemory? Copy(ReadOnlySpan<byte> bytes)
    {
        if (machine.Length == 0)
            return null;
        var memory = Bag(bytes.Length).TryTake(out var free) ? free : SharedMemory.Create(bytes.Length);
        try
        {
            memory?.Write(bytes);
            return memory;
        }
        catch (IOException)
        {
            memory?.Dispose();
            return null;
        }
    }

    private void Free(SharedMemory memory)
    {
        var bag = Bag(memory.Length);
        if (bag.Count < MostFree)
            bag.Add(memory);
        else
            memory.Dispose();
    }

    private ConcurrentBag<SharedMemory> Bag(long length) => _free.GetOrAdd(length, _ => []);

    private static string Hash(ReadOnlySpan<byte> bytes) => XxHash128.HashToUInt128(bytes).ToString("x32", CultureInfo.InvariantCulture);

    private interface IKeptBytes : IDisposable
    {
        void Read(long offset, Span<byte> into);
    }

    private sealed class SharedBytes(SharedMemory memory) : IKeptBytes
    {
        public void Read(long offset, Span<byte> into) => memory.Read(offset, into);

        public void Dispose() => memory.Dispose();
    }

    private sealed class OwnBytes(byte[] bytes) : IKeptBytes
    {
        public void Read(long offset, Span<byte> into) => bytes.AsSpan((int)offset, into.Length).CopyTo(into);

        public void Dispose()
        {
        }
    }
}

/// <summary>A payload that this silo keeps until it is disposed of.</summary>
public sealed class KeptPayload(Payload payload, Action free) : IDisposable
{
    private Action? _free = free;

    public Payload Payload { get; } = payload;

    public void Dispose() => Interlocked.Exchange(ref _free, null)?.Invoke();
}
