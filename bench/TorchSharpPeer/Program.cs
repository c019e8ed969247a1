// SimCLR as one writes it with TorchSharp alone: what `sslo bench train` puts this product beside.
//
//   SslOrleans.TorchSharpPeer RECIPE DATA [threads 2] [warm 3] [steps 12] [rank 0] [world 1] [folder]
//
// One process computes the whole effective batch, in the recipe's micro-batches. With a world of W, W processes each compute a
// W-th of it and exchange nothing: no data parallelism of W processes can be faster. They begin to measure together, when each has
// put a file into the folder. Prints one line of JSON.
//
// The product's code reads the recipe and the images and draws the views, nothing else. It does so inside the timed loop because
// the product trains that way too: both sides pay for the same views, and the ratio is about everything else.
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Native;
using SslOrleans.Learning.Training;
using SslOrleans.TorchSharpPeer;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

try
{
    LibTorch.Load();
    int Number(int at, int otherwise) => args.Length > at ? int.Parse(args[at], CultureInfo.InvariantCulture) : otherwise;
    var (threads, warm, steps, rank, world) = (Number(2, 2), Number(3, 3), Number(4, 12), Number(5, 0), Number(6, 1));
    var recipe = RecipeReader.Read(args[0]);
    var (batch, micro) = (recipe.Batch.Effective / world, recipe.Batch.Micro);
    var type = recipe.Workers.Precision == WorkersRecipe.BFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
    set_num_threads(threads);
    random.manual_seed(0);

    using var images = new ImageTrainingData(recipe, args[1]);
    using var network = Networks.SimClr(recipe.Backbone, recipe.Projector.Shape).to(type);
    using var optimizer = new Sgd(
        network.parameters(), recipe.Optimizer.LearningRate * recipe.Batch.Effective / 256, recipe.Optimizer.Momentum, recipe.Optimizer.WeightDecay);
    var temperature = recipe.Loss["temperature"]!.GetValue<double>();
    var (clock, last) = (new List<double>(), float.NaN);

    for (var step = 0; step < warm + steps; step++)
    {
        if (step == warm && world > 1)
            Meet(args[7], rank, world);
        if (step >= warm)
            clock.Add(Seconds());
        using var scope = NewDisposeScope();

        var views = new MicroBatchViews[batch / micro];
        var first = ((long)step * recipe.Batch.Effective) + (rank * batch);
        Parallel.For(0, views.Length, new ParallelOptions { MaxDegreeOfParallelism = threads }, m => views[m] = images.Render(first + (m * micro), micro));

        var (z1, z2) = (new List<Tensor>(), new List<Tensor>());
        foreach (var made in views)
        {
            var both = network.call(cat([ToTensor(made, 0), ToTensor(made, 1)]).to(type)).to(ScalarType.Float32).chunk(2);
            z1.Add(both[0]);
            z2.Add(both[1]);
            made.Dispose();
        }

        var loss = NtXent(cat(z1), cat(z2), temperature);
        loss.backward();
        optimizer.Step();
        last = loss.item<float>();
    }

    clock.Add(Seconds());
    Console.WriteLine(JsonSerializer.Serialize(new { images_per_step = batch, images_per_s = steps * batch / (clock[^1] - clock[0]), loss = last, clock }));
    return 0;
}
catch (Exception e)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

static void Meet(string folder, int rank, int world)
{
    File.WriteAllText(Path.Combine(folder, $"rank-{rank}"), "");
    while (Directory.GetFiles(folder, "rank-*").Length < world)
        Thread.Sleep(1);
}

// The same clock in all processes of a machine.
static double Seconds() => Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;

static Tensor ToTensor(MicroBatchViews made, int view)
    => made.Views[view].ToTensor(CPU);

// Chen et al. 2020, equation 1: the other view of the same image among all other views.
static Tensor NtXent(Tensor z1, Tensor z2, double temperature)
{
    var n = z1.shape[0];
    var z = functional.normalize(cat([z1, z2]), dim: 1);
    var logits = (z.mm(z.t()) / temperature).masked_fill(eye(2 * n, dtype: ScalarType.Bool), float.NegativeInfinity);
    return functional.cross_entropy(logits, cat([arange(n, 2 * n), arange(n)]));
}
