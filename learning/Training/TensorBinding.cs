using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Methods;
using SslOrleans.Learning.Numerics;
using TorchSharp;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Training;

/// <summary>Ties the networks' tensors to their places in the flat vector.</summary>
internal sealed class TensorBinding
{
    private readonly List<(TensorEntry Entry, Tensor Student, Tensor? Teacher)> _parameters = [];
    private readonly List<(TensorEntry Mean, TensorEntry Variance, BatchNorm Layer)> _statistics = [];

    private readonly OnlineProbe? _probe;
    private readonly List<TensorEntry> _probeEntries = [];

    public TensorBinding(Networks networks, int slices, OnlineProbe? probe = null)
    {
        _probe = probe;
        var entries = new List<TensorEntry>();
        var offset = 0;
        var followed = networks.Teacher?.named_parameters().ToDictionary(p => p.name, p => (Tensor)p.parameter) ?? [];
        foreach (var (name, parameter) in networks.Student.named_parameters())
        {
            followed.TryGetValue(name, out var teacher);
            var kind = parameter.requires_grad ? TensorKind.Trained : TensorKind.Frozen;
            _parameters.Add((Add(name, parameter.shape, kind, teacher is not null), parameter, teacher));
        }

        AddStatistics(networks.Student, "");
        if (networks.Teacher is not null)
            AddStatistics(networks.Teacher, TensorEntry.TeacherPrefix);
        foreach (var (name, tensor) in probe?.Parameters ?? [])
            _probeEntries.Add(Add(name, tensor.shape, TensorKind.Probe, false));
        Layout = new ParameterLayout(entries, slices);

        TensorEntry Add(string name, long[] shape, TensorKind kind, bool isFollowed)
        {
            var length = checked((int)shape.Aggregate(1L, (a, b) => a * b));
            var entry = new TensorEntry(name, shape, offset, length, kind, isFollowed);
            offset += length;
            entries.Add(entry);
            return entry;
        }

        void AddStatistics(Branch branch, string prefix)
        {
            foreach (var (name, module) in branch.named_modules())
            {
                if (module is not BatchNorm layer)
                    continue;

                // A student's layer that is not trained is part of a tower that stays as it is; a teacher's never is trained.
                var kind = prefix.Length == 0 && layer.parameters().Any() && !layer.parameters().Any(p => p.requires_grad) ? TensorKind.Frozen : TensorKind.Statistic;
                var mean = Add($"{prefix}{name}.running_mean", layer.RunningMean.shape, kind, false);
                var variance = Add($"{prefix}{name}.running_var", layer.RunningVariance.shape, kind, false);
                _statistics.Add((mean, variance, layer));
            }
        }
    }

    public ParameterLayout Layout { get; }

    /// <summary>Copies the networks into a new flat vector.</summary>
    public float[] Read()
    {
        var flat = new float[Layout.Length];
        foreach (var (entry, student, _) in _parameters)
            CopyOut(student, flat.AsSpan(entry.Offset, entry.Length));
        foreach (var (mean, variance, layer) in _statistics)
        {
            CopyOut(layer.RunningMean, flat.AsSpan(mean.Offset, mean.Length));
            CopyOut(layer.RunningVariance, flat.AsSpan(variance.Offset, variance.Length));
        }

        for (var i = 0; i < _probeEntries.Count; i++)
            CopyOut(_probe!.Parameters[i].Tensor, flat.AsSpan(_probeEntries[i].Offset, _probeEntries[i].Length));
        return flat;
    }

    /// <summary>Copies a flat vector, and the teacher's at the followed places, into the networks.</summary>
    public void Write(ReadOnlySpan<float> parameters, ReadOnlySpan<float> teacher)
    {
        using var frozen = no_grad();
        foreach (var (entry, student, follower) in _parameters)
        {
            CopyIn(parameters.Slice(entry.Offset, entry.Length), student);
            if (follower is not null)
                CopyIn(teacher.Slice(entry.Offset, entry.Length), follower);
        }

        foreach (var (mean, variance, layer) in _statistics)
        {
            CopyIn(parameters.Slice(mean.Offset, mean.Length), layer.RunningMean);
            CopyIn(parameters.Slice(variance.Offset, variance.Length), layer.RunningVariance);
        }

        for (var i = 0; i < _probeEntries.Count; i++)
            CopyIn(parameters.Slice(_probeEntries[i].Offset, _probeEntries[i].Length), _probe!.Parameters[i].Tensor);
    }

    /// <summary>Forgets the batch statistics of the micro-batch before.</summary>
    public void BeginMicroBatch()
    {
        foreach (var (_, _, layer) in _statistics)
            layer.BeginMicroBatch();
    }

    /// <summary>Mean and variance of every batch norm, in layout order; the running ones where a layer did not run.</summary>
    public float[] ReadBatchStatistics()
    {
        var values = new float[_statistics.Sum(s => s.Mean.Length + s.Variance.Length)];
        var at = 0;
        foreach (var (mean, variance, layer) in _statistics)
        {
            var (m, v) = layer.BatchStatistics ?? (layer.RunningMean, layer.RunningVariance);
            CopyOut(m, values.AsSpan(at, mean.Length));
            CopyOut(v, values.AsSpan(at + mean.Length, variance.Length));
            at += mean.Length + variance.Length;
        }

        return values;
    }

    /// <summary>
    /// The gradient of Σ root·seed by every trained tensor. No tensor's <c>grad</c> is touched, so that several micro-batches can be
    /// on their way back at a time.
    /// </summary>
    public void Gradient(IList<Tensor> roots, IList<Tensor> seeds, Span<float> into, bool keepGraph = false)
    {
        var trained = _parameters.Where(p => p.Student.requires_grad).ToList();
        var gradients = autograd.grad(roots, [.. trained.Select(p => p.Student)], seeds, retain_graph: keepGraph, allow_unused: true);
        foreach (var (entry, _, _) in _parameters.Where(p => !p.Student.requires_grad))
            into.Slice(entry.Offset, entry.Length).Clear();
        for (var i = 0; i < trained.Count; i++)
        {
            var place = into.Slice(trained[i].Entry.Offset, trained[i].Entry.Length);
            using var gradient = gradients[i];
            if (gradient is null || gradient.IsInvalid)
                place.Clear();
            else
                CopyOut(gradient, place);
        }
    }

    /// <summary>Puts the batch statistics, times <paramref name="share"/>, into their places.</summary>
    public void PlaceStatistics(ReadOnlySpan<float> statistics, float share, Span<float> into)
    {
        var at = 0;
        foreach (var (mean, variance, _) in _statistics)
        {
            foreach (var entry in new[] { mean, variance })
            {
                for (var i = 0; i < entry.Length; i++)
                    into[entry.Offset + i] = statistics[at + i] * share;
                at += entry.Length;
            }
        }
    }

    /// <summary>Puts the online probe's gradient, times <paramref name="share"/>, into its place.</summary>
    public void PlaceProbe(ReadOnlySpan<float> gradient, float share, Span<float> into)
    {
        if (_probeEntries.Count == 0)
            return;
        var place = into[_probeEntries[0].Offset..];
        for (var i = 0; i < gradient.Length; i++)
            place[i] = gradient[i] * share;
    }

    private static void CopyOut(Tensor tensor, Span<float> into)
    {
        using var scope = NewDisposeScope();
        tensor.detach().to(ScalarType.Float32).CopyTo(into);
    }

    private static void CopyIn(ReadOnlySpan<float> from, Tensor tensor)
    {
        if (tensor.device_type == DeviceType.CPU && tensor.dtype == ScalarType.Float32 && tensor.is_contiguous())
        {
            tensor.CopyFrom(from);
            return;
        }

        using var scope = NewDisposeScope();
        tensor.copy_(torch.tensor(from.ToArray(), tensor.shape));
    }
}
