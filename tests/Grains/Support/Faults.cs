using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Grains.Devices;
using SslOrleans.Grains.Parameters;
using SslOrleans.Learning.Training;
using SslOrleans.Silo;
using static TorchSharp.torch;

namespace SslOrleans.Tests.Grains.Support;

/// <summary>A worker's processor gives a wrong bit: one bit of one gradient, whenever <paramref name="when"/> says so.</summary>
internal sealed class FaultyWorkers(IWorkerEnvironment silo, Func<int, long, int, bool> when) : IWorkerEnvironment
{
    /// <param name="when">Told worker, step and micro-batch.</param>
    public static Action<IServiceCollection> Replace(Func<int, long, int, bool> when) => services => services
        .AddSingleton<WorkerEnvironment>()
        .AddSingleton<IWorkerEnvironment>(s => new FaultyWorkers(s.GetRequiredService<WorkerEnvironment>(), when));

    public Device Device(int index) => silo.Device(index);

    public string NumericsClass(int index) => silo.NumericsClass(index);

    public ITrainingData Open(Recipe recipe, string dataPath) => silo.Open(recipe, dataPath);

    public void Computed(int index, long step, int microBatch, Span<float> gradient)
    {
        if (when(index, step, microBatch))
            FlippedBit.In(gradient);
    }
}

/// <summary>The smallest fault: one bit of one value.</summary>
internal static class FlippedBit
{
    public static void In(Span<float> values)
    {
        // In the middle of the mantissa of a value that is not 0, so that no addition rounds it away.
        var at = values.IndexOfAnyExcept(0f);
        values[at] = BitConverter.Int32BitsToSingle(BitConverter.SingleToInt32Bits(values[at]) ^ (1 << 20));
    }
}

/// <summary>Catches the grains of a silo that a test reaches into the memory of.</summary>
internal sealed class CaughtGrains : IIncomingGrainCallFilter
{
    private readonly HashSet<object> _grains = [];

    public Task Invoke(IIncomingGrainCallContext context)
    {
        lock (_grains)
        {
            if (context.Grain is WarmCopyGrain or ParameterGrain)
                _grains.Add(context.Grain);
        }

        return context.Invoke();
    }

    /// <summary>The copy of a slice on this silo; null when there is none.</summary>
    public SliceCopy? Copy(int slice)
    {
        lock (_grains)
            return _grains.OfType<WarmCopyGrain>().Select(g => Field<Dictionary<int, SliceCopy>>(g, "_slices").GetValueOrDefault(slice)).FirstOrDefault(c => c is not null);
    }

    /// <summary>Values of a slice that lives on this silo.</summary>
    public SliceState Slice(int slice)
    {
        lock (_grains)
            return _grains.OfType<ParameterGrain>().Where(g => g.GetPrimaryKeyString().EndsWith($"/{slice}", StringComparison.Ordinal)).Select(g => Field<HeldSlice>(g, "_held").State).First();
    }

    public static T Field<T>(object of, string name) => (T)of.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(of)!;
}
