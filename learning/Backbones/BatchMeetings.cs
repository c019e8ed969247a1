namespace SslOrleans.Learning.Backbones;

/// <summary>The meetings of the micro-batch that the present thread computes, counted through its forward pass.</summary>
public sealed class BatchMeetings(IBatchMeeting meeting)
{
    [ThreadStatic]
    private static BatchMeetings? s_current;

    private int _next;

    /// <summary>M.</summary>
    public int MicroBatches => meeting.MicroBatches;

    /// <exception cref="InvalidOperationException">The thread computes no micro-batch with statistics over the effective batch.</exception>
    public static BatchMeetings Current => s_current
        ?? throw new InvalidOperationException("Batch norm over the effective batch needs the meetings of a step; enter a micro-batch first.");

    /// <summary>Why a meeting of the backward pass failed; null when none did.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The present thread computes the forward pass of this micro-batch until the result is disposed of.</summary>
    public static IDisposable Enter(BatchMeetings? meetings)
    {
        s_current = meetings;
        return new Left();
    }

    /// <summary>Layers are called in the same order in every micro-batch, so a count names a call.</summary>
    public int NextNumber() => _next++;

    /// <inheritdoc cref="IBatchMeeting.Total"/>
    public double[] Total(int number, double[] values) => meeting.Total(number, values);

    /// <summary>
    /// The same inside a backward pass, which must not throw: TorchSharp ends the process then. After a failure the values are
    /// meaningless, and <see cref="Failure"/> says why.
    /// </summary>
    public double[] TotalOrFailure(int number, double[] values)
    {
        if (Failure is not null)
            return values;
        try
        {
            return meeting.Total(number, values);
        }
        catch (Exception e)
        {
            Failure = e;
            return values;
        }
    }

    private sealed class Left : IDisposable
    {
        public void Dispose() => s_current = null;
    }
}
