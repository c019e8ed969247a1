using System.Diagnostics;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace SslOrleans.Tests.Facts;

/// <summary>What the product relies on in TorchSharp 0.107 and libtorch 2.10.</summary>
[Collection(nameof(OneByOne))]
public sealed class TorchFacts
{
    [Fact]
    public void A_number_of_threads_holds_on_threads_that_begin_later()
    {
        var before = get_num_threads();
        try
        {
            set_num_threads(1);
            Assert.Equal(1, OnThread(get_num_threads));
            set_num_threads(3);
            Assert.Equal(3, OnThread(get_num_threads));
        }
        finally
        {
            set_num_threads(before);
        }
    }

    /// <summary>
    /// A thread that set its number before it ever computed takes the last number that any thread set, at its first computation. One that asked for
    /// its number first keeps the one that it sets.
    /// </summary>
    [Theory]
    [InlineData(false, 3)]
    [InlineData(true, 1)]
    public void A_threads_own_number_holds_once_the_thread_has_asked_for_it(bool asksFirst, int expected)
    {
        var before = get_num_threads();
        using var set = new ManualResetEventSlim();
        using var elsewhere = new ManualResetEventSlim();
        var found = 0;
        var thread = new Thread(() =>
        {
            if (asksFirst)
                _ = get_num_threads();
            set_num_threads(1);
            set.Set();
            elsewhere.Wait();
            found = get_num_threads();
        });
        try
        {
            thread.Start();
            set.Wait();
            set_num_threads(3);
            elsewhere.Set();
            thread.Join();
        }
        finally
        {
            set_num_threads(before);
        }

        Assert.Equal(expected, found);
    }

    /// <summary>
    /// Every number in <c>x * 0.5</c> becomes an object with a finaliser. In the package's own TorchSharp.dll a collection on another thread
    /// frees it while libtorch reads it, and this test ends with the process (docs/decisions/018).
    /// </summary>
    [Fact]
    public async Task A_number_lives_until_the_native_call_has_returned()
    {
        var end = Stopwatch.StartNew();
        var calls = 0;
        var computing = Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Factory.StartNew(Compute, TaskCreationOptions.LongRunning)));
        while (!computing.IsCompleted)
        {
            GC.Collect(0);
            Thread.Sleep(1);
        }

        await computing;
        Assert.True(calls > 1000, $"{calls} calls only");

        // Both are converted to float64 before the number is read.
        void Compute()
        {
            using var single = ones(100_000);
            using var whole = ones(100_000, int64);
            using var sum = zeros(100_000, float64);
            for (var i = 1; end.ElapsedMilliseconds < 3000; i++)
            {
                var number = i / 1024.0;
                sum.zero_().addcmul_(single, whole, number);
                Assert.Equal((number, number), (sum.data<double>()[99_999], sum[7].item<double>()));
                Interlocked.Increment(ref calls);
            }
        }
    }

    [Fact]
    public void Grad_mode_and_dispose_scopes_belong_to_the_thread()
    {
        using var frozen = no_grad();
        using var scope = NewDisposeScope();
        var (graph, scopeThere, made) = OnThread(() => (is_grad_enabled(), CurrentDisposeScope, ones(1)));
        Assert.True(graph);
        Assert.Null(scopeThere);
        Assert.False(scope.Contains(made));
        Assert.Equal(1, made.item<float>());
        made.Dispose();
        Assert.Same(scope, CurrentDisposeScope);
    }

    [Fact]
    public void A_permuted_tensor_is_read_in_its_own_order_only_after_contiguous()
    {
        using var scope = NewDisposeScope();
        var image = arange(24, dtype: ScalarType.Float32).reshape(1, 2, 3, 4);
        var channelsLast = image.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2);
        Assert.False(channelsLast.is_contiguous());
        Assert.True(image.equal(channelsLast).all().item<bool>());
        Assert.Equal(image.data<float>().ToArray(), channelsLast.contiguous().data<float>().ToArray());
        Assert.Equal([0, 12, 1, 13], MemoryMarshal.Cast<byte, float>(channelsLast.permute(0, 2, 3, 1).bytes)[..4].ToArray());
    }

    /// <summary>Warm kernels and caches, memory that others have left, and a process that has just begun make no difference.</summary>
    [Fact]
    public void The_same_steps_give_the_same_bits_again_over_dirty_memory_and_in_a_fresh_process()
    {
        var bits = OnThread(Train);
        Assert.Equal(bits, OnThread(Train));
        OnThread(LeaveNaNs);
        Assert.Equal(bits, OnThread(Train));
        Assert.Equal((0, bits), InProcess(nameof(Train)));
    }

    /// <summary>
    /// Why BatchMeetings.TotalOrFailure gives a failure back instead of throwing it: an exception that leaves the backward pass of a function
    /// written in .NET goes through native frames, and the process ends (SIGABRT).
    /// </summary>
    [Fact]
    public void An_exception_in_the_backward_pass_of_a_function_of_ours_ends_the_process()
    {
        var (code, _) = InProcess(nameof(ThrowInBackward));
        Assert.Equal(134, code);
    }

    /// <summary>A few steps of convolution, batch norm and linear layer, as the product computes: one thread, plain SGD.</summary>
    /// <returns>A hash of all weights and running statistics.</returns>
    internal static string Train()
    {
        set_num_threads(1);
        using var scope = NewDisposeScope();
        manual_seed(4);
        using var net = Sequential(Conv2d(3, 16, 3, padding: 1), BatchNorm2d(16), ReLU(), Conv2d(16, 16, 3, stride: 2), Flatten(), Linear(16 * 49, 10));
        for (var step = 0; step < 5; step++)
        {
            net.zero_grad();
            functional.cross_entropy(net.call(randn(16, 3, 16, 16)), arange(16) % 10).backward();
            using var frozen = no_grad();
            foreach (var parameter in net.parameters())
                parameter.add_(parameter.grad!, alpha: -0.1);
        }

        var hash = new XxHash128();
        foreach (var (_, values) in net.state_dict())
            hash.Append(values.contiguous().bytes);
        return hash.GetCurrentHashAsUInt128().ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
    }

    internal static string ThrowInBackward()
    {
        using var scope = NewDisposeScope();
        Throwing.apply(ones(2).requires_grad_()).sum().backward();
        return "it was caught";
    }

    private static string LeaveNaNs()
    {
        for (var size = 16; size <= 1 << 22; size *= 2)
            full(size, float.NaN).Dispose();
        return "";
    }

    private static T OnThread<T>(Func<T> work)
    {
        T result = default!;
        var thread = new Thread(() => result = work());
        thread.Start();
        thread.Join();
        return result;
    }

    /// <summary>Runs one of the methods above in a process that does nothing else, through <see cref="StartupHook"/>.</summary>
    private static (int ExitCode, string Output) InProcess(string fact)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "sslo.dll")]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(TorchFacts).Assembly.Location;
        start.Environment["DOTNET_DbgEnableMiniDump"] = "0";
        start.Environment[StartupHook.Variable] = fact;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        Assert.True(process.ExitCode is 0 or 134, error.Result);
        return (process.ExitCode, output);
    }

    private sealed class Throwing : autograd.SingleTensorFunction<Throwing>
    {
        public override string Name => nameof(Throwing);

        public override Tensor forward(autograd.AutogradContext ctx, params object[] vars) => ((Tensor)vars[0]).alias();

        public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => throw new InvalidOperationException("thrown in backward");
    }
}
