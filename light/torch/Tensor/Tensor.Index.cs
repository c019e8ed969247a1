using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor this[params TensorIndex[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params Tensor[] indices]
        {
            get => index(indices);
            set => index_put_(value, indices);
        }

        public Tensor this[params long[] indices]
        {
            get => Pick(indices);
            set => Put(value, indices);
        }

        public Tensor this[long i1]
        {
            get => Pick([i1]);
            set => Put(value, [i1]);
        }

        public Tensor this[long i1, long i2]
        {
            get => Pick([i1, i2]);
            set => Put(value, [i1, i2]);
        }

        public Tensor this[long i1, long i2, long i3]
        {
            get => Pick([i1, i2, i3]);
            set => Put(value, [i1, i2, i3]);
        }

        public Tensor this[long i1, long i2, long i3, long i4]
        {
            get => Pick([i1, i2, i3, i4]);
            set => Put(value, [i1, i2, i3, i4]);
        }

        /// <summary>Python's <c>tensor[indices]</c>: a view for positions and ranges, a copy as soon as an index is a tensor.</summary>
        public Tensor index(params TensorIndex[] indices)
        {
            var view = View(indices, out var tensors);
            if (tensors is null) return view;
            using (view) return Aten.index__Tensor.Tensor(view, Arg.Optional(tensors));
        }

        public Tensor index(params Tensor[] indices) => Aten.index__Tensor.Tensor(this, Arg.Optional(indices));

        /// <summary>Python's <c>tensor[indices] = value</c>.</summary>
        public Tensor index_put_(Tensor value, params TensorIndex[] indices) => index_put_(value, indices, false);

        public Tensor index_put_(Tensor value, TensorIndex[] indices, bool accumulate = false)
        {
            using var view = View(indices, out var tensors);
            if (tensors is not null) Aten.index_put_.Run(view, Arg.Optional(tensors), value, accumulate);
            else if (accumulate) throw new ArgumentException("accumulate needs an index that is a tensor");
            else Aten.copy_.Run(view, value);
            return this;
        }

        public Tensor index_put_(Tensor value, params Tensor[] indices) => index_put_(value, indices, false);

        public Tensor index_put_(Tensor value, Tensor[] indices, bool accumulate = false)
        {
            Aten.index_put_.Run(this, Arg.Optional(indices), value, accumulate);
            return this;
        }

        public Tensor index_put_(Scalar value, params TensorIndex[] indices)
        {
            using var filled = Aten.scalar_tensor.Tensor(value, dtype, Arg.None, device);
            return index_put_(filled, indices);
        }

        public Tensor index_put_(Scalar value, params Tensor[] indices)
        {
            using var filled = Aten.scalar_tensor.Tensor(value, dtype, Arg.None, device);
            return index_put_(filled, indices);
        }

        public Tensor index_select(long dim, Tensor index) => Aten.index_select.Tensor(this, dim, index);
        public Tensor index_add(long dim, Tensor index, Tensor source, Scalar alpha) => Aten.index_add.Tensor(this, dim, index, source, alpha);
        public Tensor index_add_(long dim, Tensor index, Tensor source, Scalar alpha) => Aten.index_add_.Tensor(this, dim, index, source, alpha);
        public Tensor index_copy(long dim, Tensor index, Tensor source) => Aten.index_copy.Tensor(this, dim, index, source);
        public Tensor index_copy_(long dim, Tensor index, Tensor source) => Aten.index_copy_.Tensor(this, dim, index, source);
        public Tensor index_fill(long dim, Tensor index, Scalar value) => Aten.index_fill__int_Scalar.Tensor(this, dim, index, value);
        public Tensor index_fill_(long dim, Tensor index, Scalar value) => Aten.index_fill___int_Scalar.Tensor(this, dim, index, value);
        public Tensor select(long dim, long index) => Aten.select__int.Tensor(this, dim, index);
        public Tensor slice(long dim, long start, long finish, long step) => Aten.slice__Tensor.Tensor(this, dim, (long?)start, (long?)finish, step);
        public Tensor narrow(long dim, long start, long length) => Aten.narrow.Tensor(this, dim, start, length);
        public Tensor take(Tensor index) => Aten.take.Tensor(this, index);
        public Tensor take_along_dim(Tensor indices, long dim) => Aten.take_along_dim.Tensor(this, indices, (long?)dim);
        public Tensor gather(long dim, Tensor index) => Aten.gather.Tensor(this, dim, index);
        public Tensor scatter(long dim, Tensor index, Tensor src) => Aten.scatter__src.Tensor(this, dim, index, src);
        public Tensor scatter_(long dim, Tensor index, Tensor src) => Aten.scatter___src.Tensor(this, dim, index, src);
        public Tensor scatter_add(long dim, Tensor index, Tensor src) => Aten.scatter_add.Tensor(this, dim, index, src);
        public Tensor scatter_add_(long dim, Tensor index, Tensor src) => Aten.scatter_add_.Tensor(this, dim, index, src);

        private Tensor Pick(long[] indices)
        {
            if (indices.Length == 0) return alias();
            var view = select(0, indices[0]);
            for (var i = 1; i < indices.Length; i++)
            {
                using var outer = view;
                view = outer.select(0, indices[i]);
            }
            return view;
        }

        private void Put(Tensor value, long[] indices)
        {
            using var view = Pick(indices);
            Aten.copy_.Run(view, value);
        }

        /// <summary>Does what views can do; the index tensors are left over, placed at the view's dimensions.</summary>
        private Tensor View(TensorIndex[] indices, out Tensor?[]? tensors)
        {
            var view = alias();
            var slots = new List<Tensor?>();
            var owned = 0;
            var consumed = indices.Sum(index => index.kind switch
            {
                TensorIndex.Kind.Single or TensorIndex.Kind.Slice => 1,
                TensorIndex.Kind.Tensor => index.tensor!.dtype == ScalarType.Bool ? (int)index.tensor.ndim : 1,
                _ => 0,
            });
            long dim = 0;
            foreach (var index in indices)
            {
                switch (index.kind)
                {
                    case TensorIndex.Kind.Single:
                        Next(view.select(dim, index.startIndexOrBoolOrSingle!.Value));
                        break;
                    case TensorIndex.Kind.Slice:
                        Next(Aten.slice__Tensor.Tensor(view, dim, index.startIndexOrBoolOrSingle, index.stopIndex, index.step ?? 1));
                        Skip(1);
                        break;
                    case TensorIndex.Kind.Ellipsis:
                        Skip((int)ndim - consumed);
                        break;
                    case TensorIndex.Kind.None:
                        Next(view.unsqueeze(dim));
                        Skip(1);
                        break;
                    case TensorIndex.Kind.Tensor:
                        slots.Add(index.tensor);
                        owned++;
                        dim += index.tensor!.dtype == ScalarType.Bool ? index.tensor.ndim : 1;
                        break;
                    default:
                        view.Dispose();
                        throw new NotSupportedException($"an index of kind {index.kind} is not supported");
                }
            }
            tensors = owned == 0 ? null : [.. slots];
            return view;

            void Next(Tensor next)
            {
                view.Dispose();
                view = next;
            }

            void Skip(int dimensions)
            {
                for (var i = 0; i < dimensions; i++) slots.Add(null);
                dim += dimensions;
            }
        }
    }
}
