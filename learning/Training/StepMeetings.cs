using SslOrleans.Learning.Backbones;
using SslOrleans.Learning.Numerics;

namespace SslOrleans.Learning.Training;

/// <summary>
/// The meetings of one step's micro-batches (<see cref="IBatchMeeting"/>): a total is taken in tree order once all have come,
/// and kept for the step, so that a micro-batch that is computed again catches up alone. Safe from any thread.
/// </summary>
public sealed class StepMeetings(int microBatches)
{
    private readonly Dictionary<int, Meeting> _meetings = [];
    private Exception? _over;

    /// <summary>Brings a micro-batch's values to a meeting; what is brought twice changes nothing, because it has the same bits.</summary>
    /// <returns>The total, when all micro-batches have come.</returns>
    public Task<double[]> Bring(int meeting, int microBatch, double[] values)
    {
        Meeting at;
        double[] total;
        lock (_meetings)
        {
            if (_over is not null)
                return Task.FromException<double[]>(_over);
            if (!_meetings.TryGetValue(meeting, out at!))
                _meetings[meeting] = at = new Meeting(microBatches);
            if (!at.Add(microBatch, values))
                return at.Total.Task;
            total = at.Sum();
        }

        at.Total.SetResult(total);
        return at.Total.Task;
    }

    /// <summary>The step is over: who still waits gets the exception.</summary>
    public void End(Exception why)
    {
        List<Meeting> open;
        lock (_meetings)
        {
            _over = why;
            open = [.. _meetings.Values];
        }

        foreach (var meeting in open)
            meeting.Total.TrySetException(why);
    }

    private sealed class Meeting(int microBatches)
    {
        private double[]?[] _values = new double[]?[microBatches];
        private int _missing = microBatches;

        public TaskCompletionSource<double[]> Total { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>True when these were the last.</summary>
        public bool Add(int microBatch, double[] values)
        {
            if (_missing == 0 || _values[microBatch] is not null)
                return false;
            _values[microBatch] = values;
            return --_missing == 0;
        }

        public double[] Sum()
        {
            var total = Sum(new MicroBatchRange(0, _values.Length));
            _values = [];
            return total;
        }

        private double[] Sum(MicroBatchRange node)
        {
            if (node.Size == 1)
                return _values[node.Start]!;
            var (left, right) = SumTree.Children(node);
            var (a, b) = (Sum(left), Sum(right));
            var sum = new double[a.Length];
            for (var i = 0; i < sum.Length; i++)
                sum[i] = a[i] + b[i];
            return sum;
        }
    }
}
