using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>
/// One model replica on one device. It computes micro-batches: views to embeddings, embedding gradients to parameter gradients.
/// It knows neither how many replicas there are nor which micro-batches others compute. Use it from one thread; where batch norm
/// is over the effective batch, from one thread for each micro-batch, of which one runs at a time.
/// </summary>
public sealed class Replica : IDisposable
{
    private readonly Networks _networks;
    private readonly TensorBinding _binding;
    private readonly OnlineProbe? _probe;
    private readonly FeatureRank _rank;
    private readonly string? _teacherNote;

    public Replica(Recipe recipe, Device device)
    {
        Recipe = recipe;
        PrepareThread();
        Device = device;
        Method = MethodCatalog.Create(recipe);
        (_networks, _teacherNote) = TrainedNetworks.Of(recipe, Method, device);
        if (recipe.Evaluation.Online.Classes > 0)
            _probe = new OnlineProbe(recipe.Evaluation.Online, _networks.Student.Backbone, device);
        _rank = new FeatureRank(_networks.Student.Backbone);
        _binding = new TensorBinding(_networks, recipe.Workers.Slices, _probe);
    }

    /// <summary>Batch norm is over the effective batch: micro-batches advance together and need an <see cref="IBatchMeeting"/>.</summary>
    public bool MeetsInBatchNorm => TrainedNetworks.MeetInBatchNorm(Recipe);

    /// <summary>To be called once on each thread that computes: libtorch keeps its thread count per thread, and it decides bits.</summary>
    public void PrepareThread() => ThreadCount.Set(Recipe.Workers.ThreadsPerWorker);

    public Recipe Recipe { get; }

    public Device Device { get; }

    public IMethod Method { get; }

    public ParameterLayout Layout => _binding.Layout;

    /// <summary>Looks at all that is computed; null looks at nothing.</summary>
    public FiniteWatch? Watch { get; private set; }

    /// <summary>Has all that is computed from now on looked at.</summary>
    public void Observe(FiniteWatch watch) => (Watch = watch).Attach(_networks);

    /// <summary>The initial flat vector: a pure function of the recipe and of the file that it names, and the same in every precision.</summary>
    public float[] InitialParameters()
    {
        if (Recipe.Workers.Precision == WorkersRecipe.Float32)
        {
            var flat = _binding.Read();
            StartNote = StartWeights.Together(StartWeights.Of(Recipe)?.Fill(Layout.Entries, flat), _teacherNote);
            return flat;
        }

        // This replica's own parameters are rounded; those that the slices keep are not.
        using var whole = new Replica(Recipe with { Workers = Recipe.Workers with { Precision = WorkersRecipe.Float32 } }, CPU);
        var initial = whole.InitialParameters();
        StartNote = whole.StartNote;
        return initial;
    }

    /// <summary>What was taken from the files that the recipe names, in words; null without one. Known after <see cref="InitialParameters"/>.</summary>
    public string? StartNote { get; private set; }

    /// <summary>Loads a version. <paramref name="teacher"/> is read at the offsets that the teacher follows.</summary>
    public void Load(ReadOnlySpan<float> parameters, ReadOnlySpan<float> teacher) => _binding.Write(parameters, teacher);

    /// <summary>Forward pass of a micro-batch; the graph stays until <see cref="Backward"/> or disposal.</summary>
    /// <param name="number">Its number in the step.</param>
    /// <param name="batch">Its views.</param>
    /// <param name="step">What the step is.</param>
    /// <param name="meeting">Where its batch norms meet those of the other micro-batches, in both passes; only where they do.</param>
    public OpenMicroBatch Encode(int number, MicroBatchViews batch, StepContext step, IBatchMeeting? meeting = null)
    {
        using var scope = NewDisposeScope();
        var meetings = meeting is null ? null : new BatchMeetings(meeting);
        using var entered = BatchMeetings.Enter(meetings);
        Watch?.Begin(number, batch);
        var views = ToTensors(batch);
        _probe?.Begin(batch.SampleIds.Length);
        _rank.Begin(step);
        var embeddings = Forward(views, step);
        _rank.Report(step);
        Watch?.Encoded(embeddings);
        var probed = _probe?.Gradient(batch, step) ?? [];
        Recomputation? again = null;
        if (Recipe.Batch.Recompute && Method.Coupled)
        {
            var leaves = new Embeddings();
            foreach (var (name, tensor) in embeddings)
                leaves.Add(name, tensor.detach().requires_grad_(tensor.requires_grad));
            embeddings = leaves;
            again = new Recomputation(views.DetachFromDisposeScope(), v => Forward(v, step));
        }

        foreach (var (_, tensor) in embeddings)
            tensor.DetachFromDisposeScope();
        return new OpenMicroBatch(number, embeddings, _binding.ReadBatchStatistics(), again, meeting, meetings) { Probed = probed };
    }

    /// <summary>The embeddings of a micro-batch, off the device; only the named ones when names are given.</summary>
    public static IReadOnlyList<NamedArray> Export(OpenMicroBatch open, IReadOnlyList<string>? names = null)
    {
        var exported = new List<NamedArray>();
        foreach (var (name, tensor) in open.Embeddings)
        {
            if (names is null || names.Contains(name))
                exported.Add(ToArray(name, tensor, tensor.requires_grad));
        }

        return exported;
    }

    /// <summary>
    /// Backward pass of a coupled method: from the gradient by embedding to this micro-batch's share of the parameter gradient,
    /// in layout order, with its share (1/M) of the batch statistics in the places of the statistics. Closes the micro-batch.
    /// </summary>
    public void Backward(OpenMicroBatch open, IReadOnlyList<NamedArray> gradients, Span<float> into)
    {
        using var scope = NewDisposeScope();
        var embeddings = open.Again?.Forward() ?? open.Embeddings;
        var roots = new List<Tensor>();
        var seeds = new List<Tensor>();
        foreach (var gradient in gradients)
        {
            var root = embeddings[gradient.Name];
            if (!root.requires_grad)
                continue;
            roots.Add(root);
            seeds.Add(TensorMemory.Aligned(gradient.Values, gradient.Shape, Device));
        }

        Gradient(open, roots, seeds, into);
        open.ThrowIfMeetingFailed();
        PlaceOther(open, into);
        open.Dispose();
    }

    /// <summary>
    /// Loss and backward pass of a method without coupling, on one micro-batch: its loss is a mean over rows, so its share of the
    /// effective batch's loss is loss/M. Returns the micro-batch's own loss. Closes the micro-batch.
    /// </summary>
    public float LossAndBackward(OpenMicroBatch open, MethodState state, StepContext step, Span<float> into)
    {
        using var scope = NewDisposeScope();
        var loss = Method.Loss(open.Embeddings, state, step);
        Watch?.Loss(open.Embeddings, scope.DisposablesView, loss, whole: false);
        CollapseWatch.Report(Method, open.Embeddings, loss, step);
        var share = loss / Recipe.Batch.MicroBatches;
        var value = loss.detach().item<float>();
        Gradient(open, [share], [ones_like(share)], into);
        open.ThrowIfMeetingFailed();
        PlaceOther(open, into);
        open.Dispose();
        return value;
    }

    /// <summary>
    /// The loss over the whole effective batch and its gradient by embedding (cookbook Algorithm 1 turned inside out;
    /// Gao et al., "Scaling deep contrastive learning batch size under memory limited setup", 2021).
    /// </summary>
    public (float Loss, IReadOnlyList<NamedArray> Gradients) Couple(IReadOnlyList<NamedArray> whole, MethodState state, StepContext step)
    {
        using var scope = NewDisposeScope();
        var embeddings = ToEmbeddings(whole);
        var loss = Method.Loss(embeddings, state, step);
        Watch?.Loss(embeddings, scope.DisposablesView, loss, whole: true);
        CollapseWatch.Report(Method, embeddings, loss, step);
        loss.backward();
        var gradients = new List<NamedArray>();
        foreach (var (name, tensor) in embeddings)
        {
            Watch?.EmbeddingGradient(name, tensor.grad);
            if (tensor.requires_grad)
                gradients.Add(ToArray(name, tensor.grad ?? zeros_like(tensor), false));
        }

        return (loss.detach().item<float>(), gradients);
    }

    /// <summary>What the method's state becomes after the step.</summary>
    public StateUpdate Advance(IReadOnlyList<NamedArray> carried, MethodState state, StepContext step)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        return Method.Advance(state, ToEmbeddings(carried), step);
    }

    /// <summary>The stores' values as tensors on this device; they belong to the caller's dispose scope.</summary>
    public MethodState ToTensors(params IEnumerable<StateStore> stores)
        => new(stores.SelectMany(s => s.Names, (s, n) => (s, n)).ToDictionary(p => p.n, p => TensorMemory.Aligned(p.s.Values(p.n), [.. p.s.Shape(p.n)], Device)));

    /// <summary>Backbone features <c>[N, D]</c> of normalised images <c>[N, 3, H, W]</c>, in evaluation mode; of the teacher when asked for.</summary>
    public float[] Features(float[] pixels, int height, int width, bool teacher = false)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        var branch = teacher ? _networks.Teacher ?? _networks.Student : _networks.Student;
        branch.eval();
        try
        {
            var images = TensorMemory.Aligned(pixels, [pixels.Length / (3L * height * width), 3, height, width], Device);
            return branch.Backbone.call(images).to(ScalarType.Float32).Values<float>();
        }
        finally
        {
            branch.train();
        }
    }

    /// <summary>Width of the features.</summary>
    public int FeatureDimension => _networks.Student.Backbone.FeatureDimension;

    public void Dispose()
    {
        _probe?.Dispose();
        _rank.Dispose();
        _networks.Dispose();
    }

    private void Gradient(OpenMicroBatch open, IList<Tensor> roots, IList<Tensor> seeds, Span<float> into)
    {
        if (Watch is { } watch)
            watch.Backward(_binding, open, roots, seeds, into);
        else
            _binding.Gradient(roots, seeds, into);
    }

    /// <summary>This micro-batch's share of what no gradient of the loss brings.</summary>
    private void PlaceOther(OpenMicroBatch open, Span<float> into)
    {
        _binding.PlaceStatistics(open.Statistics, 1f / Recipe.Batch.MicroBatches, into);
        _binding.PlaceProbe(open.Probed, 1f / Recipe.Batch.MicroBatches, into);
    }

    private Embeddings Forward(Views views, StepContext step)
    {
        _binding.BeginMicroBatch();
        _networks.Student.Backbone.BeginMicroBatch(step.Seed, step.Epoch, step.SampleIds);
        var embeddings = Method.Encode(_networks, views, step);
        if (Recipe.Workers.Precision == WorkersRecipe.Float32)
            return embeddings;
        var whole = new Embeddings();
        foreach (var (name, tensor) in embeddings)
            whole.Add(name, tensor.to(ScalarType.Float32));
        return whole;
    }

    private Views ToTensors(MicroBatchViews batch)
        => new([.. batch.Views.Select(v => v.ToTensor(Device))], [.. batch.Views.Select(v => v.MaskTensor(Device))], batch.Labels, [.. batch.Views.Select(v => v.DescriptionTensor(Device))]);

    private Embeddings ToEmbeddings(IReadOnlyList<NamedArray> arrays)
    {
        var embeddings = new Embeddings();
        foreach (var array in arrays)
            embeddings.Add(array.Name, TensorMemory.Aligned(array.Values, array.Shape, Device).requires_grad_(array.RequiresGradient));
        return embeddings;
    }

    private static NamedArray ToArray(string name, Tensor tensor, bool requiresGradient)
    {
        using var scope = NewDisposeScope();
        return new NamedArray(name, [.. tensor.shape], tensor.detach().to(ScalarType.Float32).Values<float>(), requiresGradient);
    }
}
