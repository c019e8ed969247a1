using SslOrleans.Contracts;
using SslOrleans.Contracts.Grains;
using SslOrleans.Contracts.Messages;
using SslOrleans.Grains.Meters;
using SslOrleans.Grains.Placement;
using SslOrleans.Grains.Transfer;

namespace SslOrleans.Grains.WarmCopies;

/// <summary>
/// A slice's hand on its warm copy: chooses the silo, brings the copy there, keeps it up to date. A copy whose silo dies is given up, and
/// the next step makes another one; without a second parameter silo there is none.
/// </summary>
internal sealed class WarmCopy(IGrainFactory grains, ParameterSilos silos, PayloadStore payloads, string self, SliceKey key)
{
    private const int MostRebuilds = 2;

    /// <summary>Silo that has the copy; empty without one.</summary>
    public string On { get; private set; } = "";

    /// <summary>What was wrong with a copy, for people; empty: nothing.</summary>
    public string Trouble { get; private set; } = "";

    /// <summary>Silo of the slice's teacher, for which the copy stands too; empty without one.</summary>
    public string Teacher { get; set; } = "";

    private IWarmCopyGrain Copy => Of(On);

    /// <summary>What was wrong; it is told once.</summary>
    public string TakeTrouble()
    {
        var trouble = Trouble;
        Trouble = "";
        return trouble;
    }

    /// <summary>The copy with the most commits, wherever it is; null when there is none.</summary>
    public async Task<(IWarmCopyGrain Copy, SliceStand Stand)?> Best()
    {
        var found = await Task.WhenAll(silos.Ranked($"{key}").Append(self).Distinct().Select(Find));
        Trouble = found.Select(f => f.Stand.Trouble).FirstOrDefault(t => t.Length > 0) ?? "";
        return found.Where(f => f.Stand.Version >= 0).OrderByDescending(f => f.Stand.Version).ThenByDescending(f => f.Stand.Prepared)
            .Select(f => ((IWarmCopyGrain, SliceStand)?)f).FirstOrDefault();

        async Task<(IWarmCopyGrain Copy, SliceStand Stand)> Find(string silo)
        {
            var stand = SliceStand.Nothing;
            await IfItLives(async () => stand = await Of(silo).Find(key.Slice));
            return (Of(silo), stand);
        }
    }

    /// <summary>Gives up every copy: the slice begins anew.</summary>
    public async Task Forget()
    {
        On = "";
        await Task.WhenAll(silos.Ranked($"{key}").Select(s => IfItLives(() => Of(s).Drop(key.Slice, ""))));
    }

    /// <summary>Returns when the copy has the complete sum of the step; makes a copy first when there is none.</summary>
    /// <param name="step">The step.</param>
    /// <param name="sum">Its complete sum.</param>
    /// <param name="verify">Also hold what the copy has against this; one that has other bits is made anew.</param>
    /// <param name="whole">All that a copy begins with.</param>
    public async Task Prepare(long step, float[] sum, bool verify, Func<Task<(SliceOrigin Origin, SliceStand Stand, IReadOnlyDictionary<string, Payload> Vectors)>> whole)
    {
        var before = On;
        On = silos.ForCopy($"{key}", self, before, Teacher);
        await Bring(step, sum, anew: On != before, whole);
        for (var tries = 0; verify && On.Length > 0 && !await IsSound(step, sum); tries++)
        {
            var (bad, again) = (On, tries < MostRebuilds);
            if (again)
                await Bring(step, sum, anew: true, whole);
            else
                On = "";
            Trouble = $"the warm copy of slice {key.Slice} on {bad} had other bits than its slice: {(again ? "it was made anew" : "it was given up")}; look at the memory of that machine";
        }
    }

    private async Task<bool> IsSound(long step, float[] sum)
    {
        var hash = "";
        await OrGiveUp(async () => hash = await Copy.Check(key.Slice, step));
        return On.Length == 0 || hash == Facts.Hash(sum);
    }

    private async Task Bring(
        long step, float[] sum, bool anew, Func<Task<(SliceOrigin Origin, SliceStand Stand, IReadOnlyDictionary<string, Payload> Vectors)>> whole)
    {
        if (On.Length > 0 && anew)
        {
            var (origin, stand, vectors) = await whole();
            await OrGiveUp(async () =>
            {
                await Copy.Begin(origin, stand);
                foreach (var (vector, values) in vectors)
                    await Copy.Fill(key.Slice, vector, values);
            });
        }

        if (On.Length == 0)
            return;
        using var kept = payloads.Keep(sum);
        await OrGiveUp(() => Copy.Prepare(key.Slice, step, kept.Payload));
    }

    public Task Intend(StepIntent intent) => OrGiveUp(() => Copy.Intend(key.Slice, intent));

    /// <summary>What the copy's commit tells; null when there is no copy any more.</summary>
    public async Task<SliceCommit?> Apply(StepSchedule rates, double clip)
    {
        SliceCommit? commit = null;
        await OrGiveUp(async () => commit = await Copy.Apply(key.Slice, rates, clip));
        return commit;
    }

    private IWarmCopyGrain Of(string silo) => grains.GetGrain<IWarmCopyGrain>($"{new WarmCopyKey(silo, key.Run)}");

    private async Task OrGiveUp(Func<Task> use)
    {
        if (On.Length > 0 && !await IfItLives(use))
            On = "";
    }

    /// <returns>False when the silo does not answer, or has no such copy.</returns>
    public static async Task<bool> IfItLives(Func<Task> use)
    {
        try
        {
            await use();
            return true;
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or StateLostException)
        {
            return false;
        }
    }
}
