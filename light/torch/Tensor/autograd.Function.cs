using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public static partial class autograd
    {
        /// <summary>What <c>forward</c> leaves for <c>backward</c>.</summary>
        public sealed class AutogradContext : IDisposable
        {
            private readonly Dictionary<string, object> _data = [];
            private List<Tensor> _saved = [];

            /// <summary>Keeps tensors until the graph is gone; call it at most once.</summary>
            public void save_for_backward(List<Tensor> tensors)
            {
                using var frozen = no_grad();
                _saved = tensors.ConvertAll(t => t.detach().DetachFromDisposeScope());
            }

            /// <summary>Keeps something that is no tensor.</summary>
            public void save_data(string key, object value) => _data[key] = value;

            /// <summary>The saved tensors; the caller owns them.</summary>
            public List<Tensor> get_saved_variables() => _saved.ConvertAll(t => t.alias());

            public object? get_data(string key) => _data.GetValueOrDefault(key);

            public void Dispose()
            {
                _saved.ForEach(t => t.Dispose());
                _saved.Clear();
            }
        }

        /// <summary>
        /// A function of one output whose derivative is written by hand. Derive <c>class F : SingleTensorFunction&lt;F&gt;</c> and call
        /// <see cref="apply"/>.
        /// </summary>
        public abstract class SingleTensorFunction<T>
            where T : SingleTensorFunction<T>, new()
        {
            private static readonly T s_instance = new();

            public abstract string Name { get; }

            /// <summary>Computes the output; no graph is recorded inside.</summary>
            public abstract Tensor forward(AutogradContext ctx, params object[] vars);

            /// <summary>One gradient for each argument of <see cref="apply"/>, null for those that are no tensors or need none.</summary>
            public abstract List<Tensor> backward(AutogradContext ctx, Tensor grad_output);

            public static Tensor apply(params object[] vars)
            {
                var inputs = vars.OfType<Tensor>().ToList();
                var context = new AutogradContext();
                Tensor output;
                using (no_grad())
                    output = s_instance.forward(context, vars);
                if (!is_grad_enabled() || !inputs.Any(i => i.requires_grad))
                {
                    context.Dispose();
                    return output;
                }

                var isTensor = Array.ConvertAll(vars, v => v is Tensor);
                Functions.Tie(output, inputs, context, grad =>
                {
                    var gradients = s_instance.backward(context, grad);
                    if (gradients.Count != isTensor.Length)
                        throw new InvalidOperationException($"Function {s_instance.Name} has {isTensor.Length} arguments and gave {gradients.Count} gradients.");
                    return [.. gradients.Where((_, i) => isTensor[i])];
                });
                return output;
            }
        }

        /// <summary>The managed side of the graph's nodes, by token.</summary>
        private static class Functions
        {
            private static readonly ConcurrentDictionary<long, (AutogradContext Context, Func<Tensor, List<Tensor>> Backward)> s_alive = [];
            private static long s_tokens;

            public static unsafe void Tie(Tensor output, List<Tensor> inputs, AutogradContext context, Func<Tensor, List<Tensor>> backward)
            {
                var token = Interlocked.Increment(ref s_tokens);
                s_alive[token] = (context, backward);
                fixed (nint* handles = Handles(inputs))
                    Native.Check(Native.slt_function(output.Handle, handles, inputs.Count, token, &Apply, &Release));
                GC.KeepAlive(inputs);
                GC.KeepAlive(output);
            }

            [UnmanagedCallersOnly]
            private static unsafe int Apply(long token, nint grad, nint* results, int count)
            {
                try
                {
                    using var scope = NewDisposeScope();
                    using var frozen = no_grad();
                    var gradients = s_alive[token].Backward(new Tensor(grad));
                    for (var i = 0; i < count; i++)
                        results[i] = gradients[i] is { IsInvalid: false } given ? given.alias().MoveHandle() : 0;
                    return 0;
                }
                catch (Exception e)
                {
                    Native.slt_set_last_error(e.Message);
                    return 1;
                }
            }

            [UnmanagedCallersOnly]
            private static void Release(long token)
            {
                if (s_alive.TryRemove(token, out var function))
                    function.Context.Dispose();
            }
        }
    }
}
