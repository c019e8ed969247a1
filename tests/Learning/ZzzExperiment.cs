using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Training;

namespace SslOrleans.Learning.Tests;

public class ZzzExperiment
{
    [Fact]
    public void Grid()
    {
        foreach (var (method, name, without) in new[] { ("byol", "K27", new[] { "predictor.shape=" }), ("byol", "K22", ["teacher.momentum=0", "teacher.finalMomentum=0"]), ("simsiam", "K28", ["predictor.shape="]) })
        foreach (var lr in new[] { 0.1, 0.3 })
        foreach (var bn in new[] { "false", "true" })
        {
            string[] common = ["batch.micro=12", $"projector.batchNorm={bn}", $"predictor.batchNorm={bn}", "predictor.shape=16-8", "optimizer.scaling=none", $"optimizer.learningRate={lr}", "optimizer.weightDecay=0.001", "schedule.decay=constant", "teacher.momentum=0.9", "teacher.finalMomentum=0.9"];
            foreach (var extra in new[] { [], without })
            {
                var recipe = RecipeReader.Parse(RecipeReader.Write(SmallRun.Recipe(method, 200)), [.. common, .. extra]);
                using var trainer = new LocalTrainer(recipe, new SmallRun.Data(recipe));
                var text = "";
                while (trainer.Step < 200)
                {
                    var r = trainer.RunStep();
                    if (trainer.Step % 25 == 0)
                        text += $" {r.Reported[CollapseWatch.Spread]:F3}";
                }
                File.AppendAllText("/tmp/grid.txt", $"{name} lr {lr} bn {bn} {(extra.Length > 0 ? "without" : "with   ")}:{text}\n");
            }
        }
    }
}
