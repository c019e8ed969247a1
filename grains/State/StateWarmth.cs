using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Transfer;
using SslOrleans.Grains.WarmCopies;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Grains.State;

/// <summary>Method state's hand on its warm copy, as <see cref="WarmCopy"/> is a slice's.</summary>
internal sealed class StateWarmth(IGrainFactory grains, ParameterSilos silos, PayloadStore payloads, string self, string run, string kind)
{
    /// <summary>Silo that has the copy; empty without one.</summary>
    public string On { get; private set; } = "";

    /// <summary>The copy with the most commits, wherever it is; null when there is none.</summary>
    public async Task<StateCopy?> Best()
    {
        var found = await Task.WhenAll(silos.Ranked(run).Append(self).Distinct().Select(async silo =>
        {
            StateCopy? copy = null;
            await WarmCopy.IfItLives(async () => copy = await Of(silo).FindState(kind));
            return copy;
        }));
        return found.OfType<StateCopy>().MaxBy(c => c.Version);
    }

    /// <summary>Gives up every copy: the state begins anew.</summary>
    public async Task Forget()
    {
        On = "";
        await Task.WhenAll(silos.Ranked(run).Select(s => WarmCopy.IfItLives(() => Of(s).Drop(-1, kind))));
    }

    /// <summary>Returns when the copy has advanced too; makes one of <paramref name="before"/> first when there is none.</summary>
    public async Task Advance(StateStep step, StateStore before)
    {
        var now = On;
        On = silos.ForCopy(run, self, now);
        if (On.Length == 0)
            return;

        // Taken before the state itself advances, which it does while this waits.
        var begin = On == now ? null : StateBlocks.Copy(before, payloads);
        var lives = await WarmCopy.IfItLives(async () =>
        {
            if (begin is not null)
                await Of(On).PutState(kind, begin);
            await Of(On).AdvanceState(kind, step);
        });
        if (!lives)
            On = "";
    }

    private IWarmCopyGrain Of(string silo) => grains.GetGrain<IWarmCopyGrain>($"{new WarmCopyKey(silo, run)}");
}
