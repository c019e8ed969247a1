using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;
using SslOrleans.Learning.Data;

namespace SslOrleans.Grains.Data;

/// <summary>
/// Opens a run's data on a worker: from this machine, from the container itself, or through the grains where neither can be
/// reached. However it is read, the samples, their ids and the fingerprint are the same.
/// </summary>
public sealed class DataSources
{
    private readonly IGrainFactory _grains;
    private readonly Action<string> _tell;
    private readonly Func<string, IDataFiles> _direct;

    /// <param name="grains">The cluster.</param>
    /// <param name="tell">Told, for people, when the data is read in another way than the straight one.</param>
    public DataSources(IGrainFactory grains, Action<string> tell)
        : this(grains, tell, location => DataLocations.Open(location))
    {
    }

    internal DataSources(IGrainFactory grains, Action<string> tell, Func<string, IDataFiles> direct)
        => (_grains, _tell, _direct) = (grains, tell, direct);

    /// <summary>Opens one split.</summary>
    /// <exception cref="UserErrorException">Neither this process nor the cluster can read it.</exception>
    public IImageSource Open(string location, string split, SourceOptions options)
    {
        if (!DataLocations.IsContainer(location) && (File.Exists(location) || Directory.Exists(location)))
            return ImageSources.Open(location, split, options);
        var files = new CachedFiles(Reach(location), CacheOptions.FromEnvironment(), _tell);
        return ImageSources.Open(files, split, options, shard => GrainDataFiles.Index(_grains, location, shard));
    }

    /// <summary>The files at a location, for data that is no picture.</summary>
    /// <exception cref="UserErrorException">Neither this process nor the cluster can read it.</exception>
    public IDataFiles Files(string location)
        => !DataLocations.IsContainer(location) && (File.Exists(location) || Directory.Exists(location))
            ? DataLocations.Open(location)
            : new CachedFiles(Reach(location), CacheOptions.FromEnvironment(), _tell);

    private IDataFiles Reach(string location)
    {
        IDataFiles? direct = null;
        try
        {
            direct = _direct(location);
            _ = direct.List();
            return direct;
        }
        catch (Exception e) when (e is UserErrorException or StorageUnavailableException)
        {
            direct?.Dispose();
            var served = new GrainDataFiles(_grains, location);

            // When the cluster cannot read it either, its reason is the one that counts.
            _ = served.List();
            _tell($"{location} is read through the cluster: {e.Message}");
            return served;
        }
    }
}
