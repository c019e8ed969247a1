using Orleans;
using Orleans.Concurrency;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Parameters;
using SslOrleans.Learning.Training;

namespace SslOrleans.Grains.Evaluation;

/// <summary>
/// The weights of one version. Slices publish each version as arrays that never change, so that on the same silo a copy is a reference.
/// </summary>
internal sealed class VersionCopy
{
    private readonly Dictionary<(bool Teacher, int Slice, int Part), Immutable<byte[]>> _parts = [];

    public long Bytes => _parts.Values.Sum(p => (long)p.Value.Length);

    /// <summary>Part of the version.</summary>
    public Immutable<byte[]> Part(bool teacher, int slice, int part) => _parts[(teacher, slice, part)];

    /// <summary>Pulls every part, before the next step is applied.</summary>
    /// <exception cref="Contracts.Messages.OutdatedException">A slice is at another version already.</exception>
    public static async Task<VersionCopy> Take(IGrainFactory grains, string run, EvaluationOrder order, int slices)
    {
        var copy = new VersionCopy();
        var layout = new ParameterLayout(TensorPlaces.Entries(order.Tensors), slices);
        var arriving = new List<Task>();
        foreach (var slice in layout.Slices)
        {
            var key = $"{run}/{slice.Index}";
            var followed = slice.Entries.Any(e => e.Followed);
            for (var part = 0; part < Parts.Count(slice.Length); part++)
            {
                arriving.Add(Place(grains.GetGrain<IParameterGrain>(key).Pull(order.Version, part), (false, slice.Index, part)));
                if (followed)
                    arriving.Add(Place(grains.GetGrain<ITeacherGrain>(key).Pull(order.Version, part), (true, slice.Index, part)));
            }
        }

        await Task.WhenAll(arriving);
        return copy;

        async Task Place(Task<Immutable<byte[]>> pull, (bool, int, int) at)
        {
            var values = await pull;
            lock (copy._parts)
                copy._parts[at] = values;
        }
    }
}
