using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor sum(ScalarType? type = null) => Aten.sum.Tensor(this, type);
        public Tensor sum(long[] dim, bool keepdim = false, ScalarType? type = null) => Aten.sum__dim_IntList.Tensor(this, dim, keepdim, type);
        public Tensor sum(ReadOnlySpan<long> dim, bool keepdim = false, ScalarType? type = null) => sum(dim.ToArray(), keepdim, type);
        public Tensor sum(long dim, bool keepdim = false, ScalarType? type = null) => sum([dim], keepdim, type);
        public Tensor sum(long dim0, long dim1, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1], keepdim, type);
        public Tensor sum(long dim0, long dim1, long dim2, bool keepdim = false, ScalarType? type = null) => sum([dim0, dim1, dim2], keepdim, type);

        /// <summary>
        /// Not in TorchSharp, where the literal 0 becomes <see cref="ScalarType.Byte"/>: <c>sum(0)</c> adds up everything, modulo 256.
        /// </summary>
        /// <exception cref="ArgumentException">The dimension is 0; write <c>sum(0L)</c>.</exception>
        public Tensor sum(int dim) => sum(NotZero(dim, nameof(sum)));
        public Tensor prod(int dim) => prod(NotZero(dim, nameof(prod)));

        private static long NotZero(int dim, string function) => dim != 0 ? dim : throw new ArgumentException(
            $"{function}(0) is {function}(ScalarType.Byte) in TorchSharp, because the literal 0 converts to an enum; write {function}(0L) or {function}([0L])");

        public Tensor mean() => Aten.mean.Tensor(this);
        public Tensor mean(long[] dimensions, bool keepdim = false, ScalarType? type = null) => Aten.mean__dim.Tensor(this, dimensions, keepdim, type);

        public Tensor prod(ScalarType? type = null) => Aten.prod.Tensor(this, type);
        public Tensor prod(long dim, bool keepdim = false, ScalarType? type = null) => Aten.prod__dim_int.Tensor(this, dim, keepdim, type);

        public Tensor var(bool unbiased = true) => Aten.var.Tensor(this, unbiased);
        public Tensor var(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => As(Aten.var__dim.Tensor(this, dimensions, unbiased, keepdim), type);
        public Tensor var(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var(dimensions.ToArray(), unbiased, keepdim, type);
        public Tensor var(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim], unbiased, keepdim, type);
        public Tensor var((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim.Item1, dim.Item2], unbiased, keepdim, type);
        public Tensor var((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => var([dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);
        public Tensor std(bool unbiased = true) => Aten.std.Tensor(this, unbiased);
        public Tensor std(long[] dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => As(Aten.std__dim.Tensor(this, dimensions, unbiased, keepdim), type);
        public Tensor std(ReadOnlySpan<long> dimensions, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std(dimensions.ToArray(), unbiased, keepdim, type);
        public Tensor std(long dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim], unbiased, keepdim, type);
        public Tensor std((long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim.Item1, dim.Item2], unbiased, keepdim, type);
        public Tensor std((long, long, long) dim, bool unbiased = true, bool keepdim = false, ScalarType? type = null) => std([dim.Item1, dim.Item2, dim.Item3], unbiased, keepdim, type);

        /// <summary>The p-norm of all elements.</summary>
        public Tensor norm(float p = 2.0f) => Aten.norm__Scalar.Tensor(this, (Scalar)p);

        /// <summary>The p-norm along a dimension.</summary>
        public Tensor norm(int dim, bool keepdim = false, float p = 2.0f) => Aten.norm__ScalarOpt_dim.Tensor(this, (Scalar)p, new long[] { dim }, keepdim);

        public Tensor dist(Tensor other, float p = 2.0f) => Aten.dist.Tensor(this, other, (Scalar)p);

        public Tensor max() => Aten.max.Tensor(this);
        public (Tensor values, Tensor indexes) max(long dim, bool keepdim = false) => Aten.max__dim.Pair(this, dim, keepdim);
        public Tensor min() => Aten.min.Tensor(this);
        public (Tensor values, Tensor indexes) min(long dim, bool keepdim = false) => Aten.min__dim.Pair(this, dim, keepdim);
        public Tensor median() => Aten.median.Tensor(this);
        public Tensor quantile(Tensor q, long dim = -1, bool keepdim = false) => Aten.quantile.Tensor(this, q, (long?)dim, keepdim);

        public Tensor amax(params long[] dims) => Aten.amax.Tensor(this, dims);
        public Tensor amax(long[] dims, bool keepdim = false, Tensor? @out = null) => Into(Aten.amax.Tensor(this, dims, keepdim), @out);
        public Tensor amax(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => amax(dims.ToArray(), keepdim, @out);
        public Tensor amin(params long[] dims) => Aten.amin.Tensor(this, dims);
        public Tensor amin(long[] dims, bool keepdim = false, Tensor? @out = null) => Into(Aten.amin.Tensor(this, dims, keepdim), @out);
        public Tensor amin(ReadOnlySpan<long> dims, bool keepdim = false, Tensor? @out = null) => amin(dims.ToArray(), keepdim, @out);

        public Tensor argmax() => Aten.argmax.Tensor(this);
        public Tensor argmax(long dim, bool keepdim = false) => Aten.argmax.Tensor(this, (long?)dim, keepdim);
        public Tensor argmin() => Aten.argmin.Tensor(this);
        public Tensor argmin(long dim, bool keepdim = false) => Aten.argmin.Tensor(this, (long?)dim, keepdim);

        public Tensor all() => Aten.all.Tensor(this);
        public Tensor all(long dim, bool keepdim = false) => Aten.all__dim.Tensor(this, dim, keepdim);
        public Tensor any() => Aten.any.Tensor(this);
        public Tensor any(long dim, bool keepdim = false) => Aten.any__dim.Tensor(this, dim, keepdim);
        public Tensor count_nonzero(long[]? dims = null) => dims is null ? Aten.count_nonzero.Tensor(this) : Aten.count_nonzero__dim_IntList.Tensor(this, dims);

        public Tensor cumsum(long dim, ScalarType? type = null) => Aten.cumsum.Tensor(this, dim, type);
        public Tensor cumprod(long dim, ScalarType? type = null) => Aten.cumprod.Tensor(this, dim, type);
        public Tensor logsumexp(long dim, bool keepdim = false) => Aten.logsumexp.Tensor(this, new[] { dim }, keepdim);
        public Tensor logcumsumexp(long dim) => Aten.logcumsumexp.Tensor(this, dim);
        public Tensor softmax(long dim, ScalarType? dtype = null) => Aten.softmax__int.Tensor(this, dim, dtype);
        public Tensor log_softmax(long dim, ScalarType? dtype = null) => Aten.log_softmax__int.Tensor(this, dim, dtype);

        private static Tensor As(Tensor result, ScalarType? type) => type is { } wanted && result.dtype != wanted ? result.to(wanted, disposeAfter: true) : result;

        private static Tensor Into(Tensor result, Tensor? @out)
        {
            if (@out is null) return result;
            @out.copy_(result).Dispose();
            result.Dispose();
            return @out.alias();
        }
    }
}
