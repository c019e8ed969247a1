using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Transfer;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Evaluation;

/// <summary>The weights of one version, which training leaves behind while its probes run.</summary>
internal sealed class VersionCopy : IDisposable
{
    private readonly Dictionary<(bool Teacher, int Slice), KeptPayload> _slices = [];

    public long Bytes => _slices.Values.Sum(s => s.Payload.Length);

    /// <summary>A slice of the version.</summary>
    public Payload Slice(bool teacher, int slice) => _slices[(teacher, slice)].Payload;

    /// <summary>Takes every slice, before the next step is applied.</summary>
    /// <exception cref="Contracts.OutdatedException">A slice is at another version already.</exception>
    public static async Task<VersionCopy> Take(IGrainFactory grains, PayloadStore payloads, string run, EvaluationOrder order, int slices)
    {
        var copy = new VersionCopy();
        try
        {
            foreach (var slice in new ParameterLayout(order.Tensors, slices).Slices)
            {
                var key = $"{new SliceKey(run, slice.Index)}";
                await Keep(grains.GetGrain<IParameterGrain>(key).Pull(order.Version), (false, slice.Index));
                if (slice.Entries.Any(e => e.Followed))
                    await Keep(grains.GetGrain<ITeacherGrain>(key).Pull(order.Version), (true, slice.Index));
            }

            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }

        async Task Keep(Task<Payload> pull, (bool, int) at) => copy._slices[at] = payloads.Keep(await payloads.Take(await pull));
    }

    public void Dispose()
    {
        foreach (var slice in _slices.Values)
            slice.Dispose();
    }
}
