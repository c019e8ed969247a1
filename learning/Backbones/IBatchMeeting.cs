namespace SslOrleans.Learning.Backbones;

/// <summary>
/// Where the micro-batches of a step meet: every one brings its sums to the same meetings, and all get the same totals.
/// One object serves one micro-batch.
/// </summary>
public interface IBatchMeeting
{
    /// <summary>M, the micro-batches that meet.</summary>
    int MicroBatches { get; }

    /// <summary>
    /// The total over all micro-batches, added in tree order, of what they bring to the meeting. Blocks until all have come;
    /// other micro-batches of the lane go on meanwhile.
    /// </summary>
    /// <param name="meeting">Its number in the step: the same for all micro-batches.</param>
    /// <param name="values">This micro-batch's sums.</param>
    double[] Total(int meeting, double[] values);
}
