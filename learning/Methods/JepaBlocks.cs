using SslOrleans.Learning.Augment;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// I-JEPA's context and target blocks of a micro-batch. Blocks have one size in a whole step, drawn per (seed, step); their places are
/// drawn per (seed, epoch, sample). Contexts of different length are cut to the micro-batch's shortest, as the authors' collator cuts
/// those of a device.
/// </summary>
public sealed class JepaBlocks
{
    /// <summary>Counts the draw of the sizes apart from the views'.</summary>
    private const int Sizes = 100;

    private readonly int[][] _context;
    private readonly int[][][] _targets;

    public JepaBlocks(JepaSettings settings, StepContext step)
    {
        var drawn = step.SampleIds.Select(id =>
        {
            var places = Masks.Stream(step.Seed, step.Epoch, id, 0);
            return Masks.Jepa(settings, Masks.Stream(step.Seed, step.Step, 0, Sizes), ref places);
        }).ToArray();
        var shortest = drawn.Min(d => d.Context.Length);
        _context = Array.ConvertAll(drawn, d => d.Context[..shortest]);
        _targets = Array.ConvertAll(drawn, d => d.Targets);
    }

    /// <summary>Target blocks of an image.</summary>
    public int Count => _targets[0].Length;

    /// <summary>Places of the context <c>[N, C]</c>, ascending; none is in a target block of its image.</summary>
    public Tensor Context(Device device) => ToTensor(_context, device);

    /// <summary>Places of target block <paramref name="block"/> <c>[N, H]</c>, ascending.</summary>
    public Tensor Target(int block, Device device) => ToTensor(Array.ConvertAll(_targets, t => t[block]), device);

    private static Tensor ToTensor(int[][] rows, Device device)
        => tensor(rows.SelectMany(r => r.Select(p => (long)p)).ToArray()).reshape(rows.Length, -1).to(device);
}
