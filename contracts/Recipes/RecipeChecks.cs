namespace SslOrleans.Contracts.Recipes;

/// <summary>What can be refused before any tensor exists. The method refuses what only it can know.</summary>
internal static class RecipeChecks
{
    public static void Check(Recipe r, string where)
    {
        void Must(bool ok, string field, object value, string mend)
        {
            if (!ok)
                throw new UserErrorException($"{where}: {field} is {(value is string s && !s.StartsWith('[') ? $"\"{s}\"" : value)}; {mend}.");
        }

        void OneOf(string field, string value, params string[] allowed)
            => Must(allowed.Contains(value), field, value, $"use one of {string.Join(", ", allowed)}{(RecipeKeys.Near(value, allowed) is { } near ? $"; the nearest is \"{near}\"" : "")}");

        Must(r.Method.Length > 0, "method", r.Method, "name one of those that `sslo methods` prints");
        Must(r.Batch.Effective > 0, "batch.effective", r.Batch.Effective, "give a number of images above 0");
        Must(r.Batch.Micro > 0, "batch.micro", r.Batch.Micro, "give a number of images above 0");
        Must(r.Batch.Effective % r.Batch.Micro == 0, "batch.effective", r.Batch.Effective, $"make it a multiple of batch.micro ({r.Batch.Micro})");
        Must(r.Steps >= 0, "steps", r.Steps, "give a number of steps above 0, or 0 to use epochs");
        Must(r.Steps > 0 || r.Epochs > 0, "epochs", r.Epochs, "give a number above 0");
        Must(r.Workers.Slices > 0, "workers.slices", r.Workers.Slices, "give at least 1");
        Must(r.Workers.ThreadsPerWorker > 0, "workers.threadsPerWorker", r.Workers.ThreadsPerWorker, "give at least 1");
        Must(r.Workers.Verify is >= 0 and <= 1, "workers.verify", r.Workers.Verify, "give a share of the micro-batches from 0 (none) to 1 (all)");
        Must(r.Workers.Verify == 0 || !r.Workers.AllowMixedHardware, "workers.verify", r.Workers.Verify, "use 0 with workers.allowMixedHardware, whose workers may differ in their bits");
        OneOf("workers.precision", r.Workers.Precision, WorkersRecipe.Float32, WorkersRecipe.BFloat16);
        Must(r.Optimizer.LayerDecay is > 0 and <= 1, "optimizer.layerDecay", r.Optimizer.LayerDecay, "give a factor above 0 and up to 1 (off)");
        OneOf("optimizer.name", r.Optimizer.Name, "sgd", "lars", "adamw");
        OneOf("optimizer.scaling", r.Optimizer.Scaling, "linear", "sqrt", "sqrt-printed", "none");
        Must(r.Optimizer.LearningRate > 0, "optimizer.learningRate", r.Optimizer.LearningRate, "give a number above 0");
        Must(r.Optimizer.WeightDecay >= 0, "optimizer.weightDecay", r.Optimizer.WeightDecay, "give 0 or more");
        Must(r.Optimizer.Momentum is >= 0 and < 1, "optimizer.momentum", r.Optimizer.Momentum, "give a number from 0 to below 1");
        Must(r.Optimizer.ClipGradientNorm >= 0, "optimizer.clipGradientNorm", r.Optimizer.ClipGradientNorm, "give 0 (off) or more");
        OneOf("schedule.decay", r.Schedule.Decay, "cosine", "constant");
        Must(r.Schedule.StillEpochs >= 0, "schedule.stillEpochs", r.Schedule.StillEpochs, "give 0 or more");
        Must(r.Teacher.Momentum is >= 0 and <= 1, "teacher.momentum", r.Teacher.Momentum, "give a number from 0 to 1");
        Must(r.Teacher.FinalMomentum is >= 0 and <= 1, "teacher.finalMomentum", r.Teacher.FinalMomentum, "give a number from 0 to 1");
        OneOf("teacher.scope", r.Teacher.Scope, "all", "projector");
        Must(r.Teacher.Scope == "all" || !r.Evaluation.Teacher, "evaluation.teacher", r.Evaluation.Teacher, "use false with teacher.scope projector, whose teacher has no backbone of its own");
        OneOf("backbone.batchNorm", r.Backbone.BatchNorm, "micro", "sync");
        Must(r.Backbone.BatchNorm == "micro" || !r.Batch.Recompute, "batch.recompute", r.Batch.Recompute, "use false with backbone.batchNorm sync, or batchNorm micro");
        Must(r.Backbone.BatchNorm == "micro" || r.Backbone.DropPath == 0, "backbone.dropPath", r.Backbone.DropPath, "use 0 with backbone.batchNorm sync, or batchNorm micro");
        OneOf("data.imbalance", r.Data.Imbalance, "none", "balanced", "long-tailed");
        Must(r.Data.ImbalanceRatio >= 1, "data.imbalanceRatio", r.Data.ImbalanceRatio, "give the largest class over the smallest, 1 or more");
        Must(r.Data.Limit >= 0, "data.limit", r.Data.Limit, "give a number of images, or 0 for all");
        Must(r.Data.Bits is 0 or >= 8 and <= 16, "data.bits", r.Data.Bits, "give the bits that 16-bit images use, 8 to 16, or 0");
        Must(r.Data.Channels.Count is 0 or 3 && r.Data.Channels.All(c => c >= 0), "data.channels", $"[{string.Join(", ", r.Data.Channels)}]", "give the numbers of three channels, counted from 0, or none");
        Must(r.Data.TestLimit >= 0, "data.testLimit", r.Data.TestLimit, "give a number of images, or 0 for all");
        Must(r.Checkpoint.EverySteps >= 0, "checkpoint.everySteps", r.Checkpoint.EverySteps, "give 0 (only start and end) or more");
        Must(r.Checkpoint.Keep >= 1, "checkpoint.keep", r.Checkpoint.Keep, "give at least 1");
        Must(r.Evaluation.Neighbours > 0, "evaluation.neighbours", r.Evaluation.Neighbours, "give at least 1");
        foreach (var probe in r.Evaluation.Probes)
            OneOf("evaluation.probes", probe, [.. EvaluationRecipe.Known]);
        Must(r.Evaluation.Online.Classes is 0 or >= 2, "evaluation.online.classes", r.Evaluation.Online.Classes, "give the data set's number of classes, or 0 for no online probe");
        Must(r.Evaluation.Online.LearningRate > 0, "evaluation.online.learningRate", r.Evaluation.Online.LearningRate, "give a number above 0");
        var tuning = r.Evaluation.FineTuning;
        Must(tuning.Epochs > 0, "evaluation.fineTuning.epochs", tuning.Epochs, "give a number above 0");
        Must(tuning.Batch > 0, "evaluation.fineTuning.batch", tuning.Batch, "give a number of images above 0");
        Must(tuning.LearningRate > 0, "evaluation.fineTuning.learningRate", tuning.LearningRate, "give a number above 0");
        Must(tuning.WeightDecay >= 0, "evaluation.fineTuning.weightDecay", tuning.WeightDecay, "give 0 or more");
        Must(tuning.LayerDecay is > 0 and <= 1, "evaluation.fineTuning.layerDecay", tuning.LayerDecay, "give a factor above 0 and up to 1 (off)");
        Must(tuning.CropScale is > 0 and <= 1, "evaluation.fineTuning.cropScale", tuning.CropScale, "give a share above 0 and up to 1 (the whole image)");
        Must(r.Evaluation.Temperature > 0, "evaluation.temperature", r.Evaluation.Temperature, "give a number above 0");
        Must(r.Views.Count > 0, "views", "[]", "describe at least one group of views");
        Must(r.Text.Vocabulary is >= TextRecipe.LeastVocabulary and <= TextRecipe.Gpt2Vocabulary, "text.vocabulary", r.Text.Vocabulary, $"give {TextRecipe.LeastVocabulary} to {TextRecipe.Gpt2Vocabulary} tokens: the 256 bytes and four marks are among them");
        Must(r.Text.Dropout is >= 0 and < 1, "text.dropout", r.Text.Dropout, "give a rate from 0 to below 1");
        foreach (var template in r.Text.Templates)
            Must(template.Contains("{}", StringComparison.Ordinal), "text.templates", template, "write {} where the name of the class goes");
        OtherViewChecks.Check(r.Sound, Must);
        Must(r.Backbone.TubeletFrames > 0, "backbone.tubeletFrames", r.Backbone.TubeletFrames, "give at least 1 frame");
        Must(r.Backbone.PatchSize > 0, "backbone.patchSize", r.Backbone.PatchSize, "give a side in pixels above 0");
        ViewChecks.Check(r, Must);
    }
}
