using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Batch norm for <c>[N, C]</c> and <c>[N, C, H, W]</c> with torchvision's key names.
/// Training normalises by the statistics of the rows at hand and leaves <c>running_mean</c> and <c>running_var</c> alone:
/// the statistics of the micro-batch are collected in <see cref="BatchStatistics"/>, and the trainer averages them in tree
/// order once per step, so that the running statistics do not depend on who computed which micro-batch.
/// </summary>
public sealed class BatchNorm : Module<Tensor, Tensor>
{
    private readonly double _epsilon;
    private Parameter? weight;
    private Parameter? bias;
    private Tensor running_mean;
    private Tensor running_var;

    /// <param name="channels">C.</param>
    /// <param name="affine">Learn a scale and a shift per channel.</param>
    /// <param name="epsilon">Added to the variance.</param>
    public BatchNorm(long channels, bool affine = true, double epsilon = 1e-5)
        : base(nameof(BatchNorm))
    {
        _epsilon = epsilon;
        if (affine)
        {
            weight = Parameter(ones(channels));
            bias = Parameter(zeros(channels));
        }

        running_mean = zeros(channels);
        running_var = ones(channels);
        RegisterComponents();
    }

    /// <summary>Running mean <c>[C]</c>, used in evaluation and written by the trainer.</summary>
    public Tensor RunningMean => running_mean;

    /// <summary>Running variance <c>[C]</c> (unbiased), used in evaluation and written by the trainer.</summary>
    public Tensor RunningVariance => running_var;

    /// <summary>Over which rows training takes its statistics; the micro-batch unless replaced.</summary>
    public IBatchStatistics Statistics { get; set; } = new MicroBatchStatistics();

    /// <summary>
    /// Mean and unbiased variance <c>[C]</c> of the micro-batch: the mean over the calls since <see cref="BeginMicroBatch"/>,
    /// null when there was none. The caller owns the tensors.
    /// </summary>
    public (Tensor Mean, Tensor Variance)? BatchStatistics => Statistics.Collected;

    /// <summary>Forgets the statistics of the micro-batch before.</summary>
    public void BeginMicroBatch() => Statistics.Begin();

    public override Tensor forward(Tensor input)
        => training
            ? Statistics.Normalize(input, weight, bias, _epsilon)
            : functional.batch_norm(input, running_mean, running_var, weight, bias, false, 0, _epsilon);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            Statistics.Dispose();
        base.Dispose(disposing);
    }
}
