using System.Globalization;

namespace SslOrleans.Contracts.Grains;

/// <summary>Key of the grains that hold a slice of a run: <see cref="IParameterGrain"/>, <see cref="ITeacherGrain"/>.</summary>
/// <param name="Run">Name of the run.</param>
/// <param name="Slice">Number of the slice, from 0.</param>
public readonly record struct SliceKey(string Run, int Slice)
{
    public static SliceKey Parse(string key)
    {
        var (run, slice) = KeyParts.Of(key);
        return new SliceKey(run, int.Parse(slice, CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Run}/{Slice}");
}

/// <summary>Key of an <see cref="IWorkerGrain"/>, which is the worker's name too.</summary>
/// <param name="Silo">Name of the one silo on which it can be.</param>
/// <param name="Index">Number among the silo's workers, from 0.</param>
public readonly record struct WorkerKey(string Silo, int Index)
{
    public static WorkerKey Parse(string key)
    {
        var (silo, index) = KeyParts.Of(key);
        return new WorkerKey(silo, int.Parse(index, CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Silo}/{Index}");
}

/// <summary>Key of an <see cref="IWarmCopyGrain"/>.</summary>
/// <param name="Silo">Name of the one silo on which it can be.</param>
/// <param name="Run">Name of the run.</param>
public readonly record struct WarmCopyKey(string Silo, string Run)
{
    public static WarmCopyKey Parse(string key)
    {
        var (silo, run) = KeyParts.Of(key);
        return new WarmCopyKey(silo, run);
    }

    public override string ToString() => $"{Silo}/{Run}";
}

/// <summary>Keys of grains that belong to a named silo or a run: the name, a slash, and what tells the grain from others there.</summary>
public static class KeyParts
{
    /// <summary>What stands before and behind the last slash; a key without one has nothing before it.</summary>
    public static (string Owner, string Own) Of(string key)
    {
        var slash = key.LastIndexOf('/');
        return slash < 0 ? ("", key) : (key[..slash], key[(slash + 1)..]);
    }
}
