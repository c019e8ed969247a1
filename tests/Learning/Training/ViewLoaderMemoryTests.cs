using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Data;
using SslOrleans.Learning.Tests.Data;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests.Training;

/// <summary>What other tests allocate meanwhile would be counted too.</summary>
[CollectionDefinition(nameof(CountsMemory), DisableParallelization = true)]
public sealed class CountsMemory;

[Collection(nameof(CountsMemory))]
public sealed class ViewLoaderMemoryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Recipe _recipe = RecipeReader.Parse(
        """
        { "method": "simclr", "seed": 7, "steps": 10, "batch": { "effective": 16, "micro": 8 },
          "views": [ { "count": 2, "crop": { "size": 16 } }, { "count": 2, "crop": { "size": 8 } } ] }
        """);

    [Fact]
    public async Task Memory_is_used_again_and_bounded()
    {
        GeneratedImages.Write(_folder.File("images"), 64, 0, 1);
        using var data = new ImageTrainingData(_recipe, _folder.File("images"));
        using var loader = new ViewLoader(data, threads: 1, capacity: 4);
        await Round(0);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var step = 1; step <= 20; step++)
            await Round(step * 16L);

        // 40 micro-batches of 8 · (2 · 16² + 2 · 8²) · 3 floats are 2.4 MB.
        Assert.True(GC.GetTotalAllocatedBytes(precise: true) - before < 800_000, $"{GC.GetTotalAllocatedBytes() - before} bytes");

        async Task Round(long first)
        {
            loader.Prefetch(first, 8);
            loader.Prefetch(first + 8, 8);
            (await loader.Take(first, 8)).Dispose();
            (await loader.Take(first + 8, 8)).Dispose();
        }
    }

    public void Dispose() => _folder.Dispose();
}
