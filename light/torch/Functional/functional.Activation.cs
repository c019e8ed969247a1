using TorchSharp.Interop;
using TorchSharp.Modules;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor gelu() => Aten.gelu.Tensor(this);
        public Tensor gelu(GELU.Approximate approximate) => Aten.gelu.Tensor(this, approximate.ToString());
        public Tensor leaky_relu(Scalar negative_slope) => Aten.leaky_relu.Tensor(this, negative_slope);
        public Tensor leaky_relu_(Scalar negative_slope) => Aten.leaky_relu_.Tensor(this, negative_slope);
        public Tensor silu() => Aten.silu.Tensor(this);
        public Tensor silu_() => Aten.silu_.Tensor(this);
        public Tensor elu(double alpha = 1) => Aten.elu.Tensor(this, (Scalar)alpha);
        public Tensor softplus(double beta = 1, double threshold = 20) => Aten.softplus.Tensor(this, (Scalar)beta, (Scalar)threshold);
        public Tensor log_sigmoid() => Aten.log_sigmoid.Tensor(this);
        public Tensor hardswish() => Aten.hardswish.Tensor(this);
    }

    public static partial class nn
    {
        public static partial class functional
        {
            public static Tensor relu(Tensor x, bool inplace = false) => inplace ? x.relu_() : x.relu();
            public static Tensor leaky_relu(Tensor input, double negative_slope = 0.01, bool inplace = false) => inplace ? input.leaky_relu_(negative_slope) : input.leaky_relu(negative_slope);
            public static Tensor gelu(Tensor x) => x.gelu();
            public static Tensor gelu(Tensor x, bool inplace) => gelu(x, Modules.GELU.Approximate.none, inplace);
            public static Tensor gelu(Tensor x, GELU.Approximate approximate, bool inplace = false) => inplace ? Aten.gelu_.Tensor(x, approximate.ToString()) : x.gelu(approximate);
            public static Tensor silu(Tensor x, bool inplace = false) => inplace ? x.silu_() : x.silu();
            public static Tensor softplus(Tensor x, double beta = 1, double threshold = 20) => x.softplus(beta, threshold);
            public static Tensor sigmoid(Tensor x) => x.sigmoid();
            public static Tensor sigmoid(Tensor x, bool inplace) => inplace ? x.sigmoid_() : x.sigmoid();
            public static Tensor tanh(Tensor x, bool inplace = false) => inplace ? x.tanh_() : x.tanh();
            public static Tensor softmax(Tensor input, long dim, ScalarType? dtype = null) => input.softmax(dim, dtype);
            public static Tensor log_softmax(Tensor x, long dim) => x.log_softmax(dim);

            /// <summary>Zeroes each element with probability <paramref name="p"/> and scales the rest by 1 / (1 − p), with libtorch's own generator.</summary>
            public static Tensor dropout(Tensor input, double p = 0.5, bool training = true, bool inplace = false) =>
                inplace ? Aten.dropout_.Tensor(input, p, training) : Aten.dropout.Tensor(input, p, training);
        }
    }
}
