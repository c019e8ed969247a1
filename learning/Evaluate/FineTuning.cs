using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Training;
using TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Evaluate;

/// <summary>Result of fine-tuning.</summary>
/// <param name="Accuracy">Test accuracy after the last epoch: the result.</param>
/// <param name="Best">Best of any epoch, beside it.</param>
/// <param name="BestEpoch">Epochs before that.</param>
/// <param name="Loss">Mean cross-entropy of the last epoch's steps.</param>
/// <param name="Weights">The flat vector that was reached, head included.</param>
public sealed record FineTuningScore(double Accuracy, double Best, int BestEpoch, double Loss, float[] Weights);

/// <summary>
/// Full fine-tuning (cookbook §3.7; E13): a linear head behind a copy of the backbone, and all of it is trained on labels with AdamW,
/// cosine and a geometric decay of the learning rate from the last layer to the first (K54). Crops and flips as training views; batch norm
/// is over the batch. The encoder that comes in is not touched.
/// </summary>
public static class FineTuning
{
    private const int TestBlock = 256;

    /// <summary>The recipe that fine-tuning of an encoder follows: its own optimiser, schedule and view, the encoder's all else.</summary>
    public static Recipe Plan(Recipe recipe)
    {
        var tuning = recipe.Evaluation.FineTuning;
        return recipe with
        {
            Steps = 0,
            Epochs = tuning.Epochs,
            Batch = new BatchRecipe { Effective = tuning.Batch, Micro = tuning.Batch },
            Data = recipe.Data with { Imbalance = "none" },
            Views = [new ViewRecipe { Count = 1, Crop = new CropRecipe { Size = recipe.Views[0].Crop.Size, Scale = [tuning.CropScale, 1] }, Flip = 0.5 }],
            Backbone = recipe.Backbone with { BatchNorm = "micro" },
            Projector = new HeadRecipe(),
            Optimizer = new OptimizerRecipe
            {
                Name = "adamw",
                LearningRate = tuning.LearningRate,
                Scaling = "none",
                WeightDecay = tuning.WeightDecay,
                ExcludeBiasAndNorm = true,
                LayerDecay = tuning.LayerDecay,
            },
            Schedule = new ScheduleRecipe { WarmupFraction = 0.05 },
            Evaluation = new EvaluationRecipe(),
        };
    }

    /// <param name="encoder">Where the backbone comes from.</param>
    /// <param name="plan">Of <see cref="Plan"/>.</param>
    /// <param name="data">The images, opened with that plan.</param>
    /// <param name="afterEpoch">Called with epochs done, mean loss and test accuracy.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <exception cref="ProbeException">Labels or the test split are missing.</exception>
    public static FineTuningScore Run(
        Encoder encoder, Recipe plan, ITrainingData data, Action<int, double, double>? afterEpoch = null, CancellationToken cancellation = default)
    {
        var train = data.Evaluation(test: false)?.Labels ?? throw new ProbeException("the training split has no labels; fine-tuning needs them");
        var test = data.Evaluation(test: true) ?? throw new ProbeException("there is no test split; add one to the data set");
        if (test.Labels is null)
            throw new ProbeException("the test split has no labels");
        var classes = Math.Max(train.Max(), test.Labels.Max()) + 1;
        if (train.Distinct().Count() < 2)
            throw new ProbeException($"all {train.Length} training images are of class {train[0]}; an accuracy says nothing with one class");
        plan = plan with { Batch = Smaller(plan.Batch, train.Length) };
        var device = encoder.Device;
        var backbone = BackboneCatalog.Create(plan.Backbone);
        using var networks = new Networks(new Branch(backbone, Linear(backbone.FeatureDimension, classes)));
        networks.Student.to(device);
        var binding = new TensorBinding(networks, 1);
        var state = new SliceState(plan, binding.Layout.Slices[0], Start(binding, encoder));
        var schedule = new RunPlan(plan, data.Samples);
        var perEpoch = Math.Max(1, data.Samples / plan.Batch.Effective);
        var gradient = new float[binding.Layout.Length];
        var (best, bestEpoch, accuracy, loss) = (-1.0, 0, 0.0, 0.0);
        binding.Write(state.Parameters, []);
        for (long step = 0, epochStart = 0; step < schedule.TotalSteps; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            loss += Descend(step);
            var end = step + 1 == schedule.TotalSteps;
            if (!end && (step + 1) % perEpoch != 0)
                continue;
            var epoch = (int)((step + perEpoch) / perEpoch);
            accuracy = Accuracy(networks.Student, test, device);
            if (accuracy > best)
                (best, bestEpoch) = (accuracy, epoch);
            loss /= step + 1 - epochStart;
            afterEpoch?.Invoke(epoch, loss, accuracy);
            if (end)
                break;
            (loss, epochStart) = (0, step + 1);
        }

        return new FineTuningScore(accuracy, best, bestEpoch, loss, state.Parameters);

        double Descend(long step)
        {
            using var scope = NewDisposeScope();
            using var views = data.Render(schedule.FirstPosition(step), plan.Batch.Effective);
            var view = views.Views[0];
            networks.Student.train();
            binding.BeginMicroBatch();
            backbone.BeginMicroBatch(plan.Seed, schedule.Epoch(step), views.SampleIds);
            var images = view.ToTensor(device);
            var cost = functional.cross_entropy(networks.Student.call(images), tensor(Array.ConvertAll(views.Labels!, l => (long)l)).to(device));
            binding.Gradient([cost], [ones_like(cost)], gradient);
            binding.PlaceStatistics(binding.ReadBatchStatistics(), 1, gradient);
            state.Apply(schedule.Schedule(step), gradient, 1);
            binding.Write(state.Parameters, []);
            return cost.item<float>();
        }
    }

    private static BatchRecipe Smaller(BatchRecipe batch, int images)
        => images >= batch.Effective ? batch : new BatchRecipe { Effective = images, Micro = images };

    /// <summary>The encoder's backbone, and a head of zeros.</summary>
    private static float[] Start(TensorBinding binding, Encoder encoder)
    {
        var (flat, from) = (new float[binding.Layout.Length], encoder.Backbone());
        foreach (var entry in binding.Layout.Entries.Where(e => e.Group == "backbone"))
            from[entry.Name].CopyTo(flat, entry.Offset);
        return flat;
    }

    private static double Accuracy(Branch branch, EvaluationSet test, Device device)
    {
        using var off = no_grad();
        branch.eval();
        var correct = 0L;
        for (var first = 0; first < test.Count; first += TestBlock)
        {
            using var scope = NewDisposeScope();
            var count = Math.Min(TestBlock, test.Count - first);
            var predicted = branch.call(test.View(first, count).ToTensor(device)).argmax(1);
            correct += predicted.eq(tensor(Array.ConvertAll(test.Labels![first..(first + count)], l => (long)l)).to(device)).to(ScalarType.Int64).sum().item<long>();
        }

        return (double)correct / test.Count;
    }
}
