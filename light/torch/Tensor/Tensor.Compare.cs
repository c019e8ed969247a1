using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor eq(Tensor target) => Aten.eq__Tensor.Tensor(this, target);
        public Tensor eq(Scalar target) => Aten.eq__Scalar.Tensor(this, target);
        public Tensor equal(Tensor target) => eq(target);
        public Tensor ne(Tensor target) => Aten.ne__Tensor.Tensor(this, target);
        public Tensor ne(Scalar target) => Aten.ne__Scalar.Tensor(this, target);
        public Tensor not_equal(Tensor target) => ne(target);
        public Tensor lt(Tensor target) => Aten.lt__Tensor.Tensor(this, target);
        public Tensor lt(Scalar target) => Aten.lt__Scalar.Tensor(this, target);
        public Tensor less(Tensor target) => lt(target);
        public Tensor le(Tensor target) => Aten.le__Tensor.Tensor(this, target);
        public Tensor le(Scalar target) => Aten.le__Scalar.Tensor(this, target);
        public Tensor less_equal(Tensor target) => le(target);
        public Tensor gt(Tensor target) => Aten.gt__Tensor.Tensor(this, target);
        public Tensor gt(Scalar target) => Aten.gt__Scalar.Tensor(this, target);
        public Tensor greater(Tensor target) => gt(target);
        public Tensor ge(Tensor target) => Aten.ge__Tensor.Tensor(this, target);
        public Tensor ge(Scalar target) => Aten.ge__Scalar.Tensor(this, target);
        public Tensor greater_equal(Tensor target) => ge(target);

        public Tensor logical_and(Tensor other) => Aten.logical_and.Tensor(this, other);
        public Tensor logical_or(Tensor other) => Aten.logical_or.Tensor(this, other);
        public Tensor logical_xor(Tensor other) => Aten.logical_xor.Tensor(this, other);

        public bool allclose(Tensor target, double rtol = 1e-05, double atol = 1e-08, bool equal_nan = false) =>
            Aten.allclose.Bool(this, target, rtol, atol, equal_nan);

        public Tensor isclose(Tensor other, double rtol = 1e-05, double atol = 1e-08, bool nanEqual = false) =>
            Aten.isclose.Tensor(this, other, rtol, atol, nanEqual);

        public Tensor isin(Tensor test_elements, bool assumeUnique = false, bool invert = false) =>
            Aten.isin__Tensor_Tensor.Tensor(this, test_elements, assumeUnique, invert);

        /// <summary>This tensor where the condition holds, <paramref name="y"/> elsewhere.</summary>
        public Tensor where(Tensor condition, Tensor y) => Aten.where__self.Tensor(condition, this, y);

        public Tensor masked_fill(Tensor mask, Scalar value) => Aten.masked_fill__Scalar.Tensor(this, mask, value);
        public Tensor masked_fill_(Tensor mask, Scalar value) => Aten.masked_fill___Scalar.Tensor(this, mask, value);
        public Tensor masked_select(Tensor mask) => Aten.masked_select.Tensor(this, mask);

        /// <summary>The sorted values along a dimension, and where they came from.</summary>
        public (Tensor Values, Tensor Indices) sort(long dim = -1, bool descending = false, bool stable = false) =>
            Aten.sort__stable.Pair(this, (bool?)stable, dim, descending);

        public Tensor argsort(long dim = -1, bool descending = false) => Aten.argsort.Tensor(this, dim, descending);

        /// <summary>The <paramref name="k"/> largest (or smallest) along a dimension, and where they are.</summary>
        public (Tensor values, Tensor indexes) topk(int k, int dim = -1, bool largest = true, bool sorted = true) =>
            Aten.topk.Pair(this, k, dim, largest, sorted);

        public (Tensor values, Tensor indices) kthvalue(long k, long? dim, bool keepdim = false) => Aten.kthvalue.Pair(this, k, dim ?? -1, keepdim);

        public Tensor bincount(Tensor? weights, long minlength = 0) => Aten.bincount.Tensor(this, weights, minlength);
        public Tensor bucketize(Tensor boundaries, bool outInt32 = false, bool right = false) => Aten.bucketize__Tensor.Tensor(this, boundaries, outInt32, right);
        public Tensor nonzero() => Aten.nonzero.Tensor(this);

        /// <summary>The distinct values, which of them each element is, and how often each occurs.</summary>
        public (Tensor output, Tensor? inverse_indices, Tensor? counts) unique(bool sorted = true, bool return_inverse = false, bool return_counts = false, int? dim = null)
        {
            var (output, inverse, counts) = dim is { } along
                ? Aten.unique_dim.Triple(this, along, sorted, return_inverse, return_counts)
                : Aten._unique2.Triple(this, sorted, return_inverse, return_counts);
            return (output, Keep(inverse, return_inverse), Keep(counts, return_counts));

            static Tensor? Keep(Tensor tensor, bool wanted)
            {
                if (!wanted) tensor.Dispose();
                return wanted ? tensor : null;
            }
        }
    }
}
