using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace SslOrleans.Learning.Training;

/// <summary>
/// A thread of its own for tensor work: dispose scopes are per thread, so a replica must never move to another one,
/// and a long computation must never hold a scheduler that has to answer messages.
/// </summary>
public sealed partial class ComputeThread : IDisposable
{
    private const int LeastPriority = 19;

    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <summary>
    /// Whether a thread may yield at all. On a machine that is busy with other programs one that does waits for all of them: tests,
    /// which share theirs, set this to false.
    /// </summary>
    internal static bool MayYield { get; set; } = true;

    /// <param name="name">For debuggers.</param>
    /// <param name="yields">It takes only the processor time that no other thread of the machine wants.</param>
    public ComputeThread(string name, bool yields = false)
    {
        _thread = new Thread(() =>
        {
            // .NET ignores thread priorities on Linux. On who = 0 the call means the calling thread.
            if (yields && MayYield)
                _ = SetPriority(0, 0, LeastPriority);
            Loop();
        })
        { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Runs the function on the thread, after everything that was asked before.</summary>
    public Task<T> Run<T>(Func<T> work)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                done.SetResult(work());
            }
            catch (Exception e)
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>Runs the action on the thread, after everything that was asked before.</summary>
    public Task Run(Action work) => Run(() =>
    {
        work();
        return true;
    });

    /// <summary>Takes no more work; what was asked before is still done.</summary>
    public void Dispose() => _work.CompleteAdding();

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);

    private void Loop()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}
