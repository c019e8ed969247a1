using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    public partial class Tensor
    {
        public Tensor view(params long[] shape) => Aten.view.Tensor(this, shape);
        public Tensor view_as(Tensor other) => view(other.shape);
        public Tensor reshape(params long[] shape) => Aten.reshape.Tensor(this, shape);
        public Tensor flatten(long start_dim = 0, long end_dim = -1) => Aten.flatten__using_ints.Tensor(this, start_dim, end_dim);
        public Tensor unflatten(long dim, params long[] sizes)
        {
            var old = shape;
            var at = (int)Wrap(dim, old.Length);
            return reshape([.. old[..at], .. sizes, .. old[(at + 1)..]]);
        }

        public Tensor ravel() => reshape(-1);
        public Tensor permute(params long[] permutation) => Aten.permute.Tensor(this, permutation);
        public Tensor permute(IEnumerable<long> permutation) => permute(permutation.ToArray());
        public Tensor transpose(long dim0, long dim1) => Aten.transpose__int.Tensor(this, dim0, dim1);
        public Tensor transpose_(long dim0, long dim1) => Aten.transpose_.Tensor(this, dim0, dim1);
        public Tensor swapdims(long dim0, long dim1) => transpose(dim0, dim1);
        public Tensor swapaxes(long dim0, long dim1) => transpose(dim0, dim1);
        public Tensor movedim(long[] source, long[] destination) => Aten.movedim__intlist.Tensor(this, source, destination);
        public Tensor t() => Aten.t.Tensor(this);
        public Tensor T => Aten.numpy_T.Tensor(this);
        public Tensor mT => Aten.mT.Tensor(this);
        public Tensor squeeze(long? dim = null) => dim is { } one ? Aten.squeeze__dim.Tensor(this, one) : Aten.squeeze.Tensor(this);
        public Tensor squeeze_(long? dim = null) => dim is { } one ? Aten.squeeze___dim.Tensor(this, one) : Aten.squeeze_.Tensor(this);
        public Tensor unsqueeze(long dim) => Aten.unsqueeze.Tensor(this, dim);
        public Tensor unsqueeze_(long dim) => Aten.unsqueeze_.Tensor(this, dim);

        public Tensor expand(params long[] sizes) => Aten.expand.Tensor(this, sizes);
        public Tensor expand(long[] sizes, bool isImplicit = false) => Aten.expand.Tensor(this, sizes, isImplicit);
        public Tensor expand(ReadOnlySpan<long> sizes, bool isImplicit = false) => expand(sizes.ToArray(), isImplicit);
        public Tensor expand_as(Tensor other) => expand(other.shape);
        public Tensor broadcast_to(params long[] shape) => Aten.broadcast_to.Tensor(this, shape);
        public Tensor repeat(params long[] sizes) => Aten.repeat.Tensor(this, sizes);
        public Tensor tile(long[] reps) => Aten.tile.Tensor(this, reps);
        public Tensor repeat_interleave(Tensor repeats, long? dim = null, long? output_size = null) => Aten.repeat_interleave__self_Tensor.Tensor(this, repeats, dim, output_size);
        public Tensor repeat_interleave(long repeats, long? dim = null, long? output_size = null) => Aten.repeat_interleave__self_int.Tensor(this, repeats, dim, output_size);

        public Tensor flip(params long[] dims) => Aten.flip.Tensor(this, dims);
        public Tensor fliplr() => Aten.fliplr.Tensor(this);
        public Tensor flipud() => Aten.flipud.Tensor(this);
        public Tensor rot90(long k = 1, (long, long)? dims = null) => Aten.rot90.Tensor(this, k, new[] { dims?.Item1 ?? 0, dims?.Item2 ?? 1 });
        public Tensor roll(long shifts, long? dims = null) => Aten.roll.Tensor(this, new[] { shifts }, dims is { } dim ? new[] { dim } : Array.Empty<long>());
        public Tensor roll(long[] shifts, long[] dims) => Aten.roll.Tensor(this, shifts, dims);
        public Tensor roll(long[] shifts) => Aten.roll.Tensor(this, shifts, new long[] { 0 });
        public Tensor roll((long, long) shifts, (long, long) dims) => roll([shifts.Item1, shifts.Item2], [dims.Item1, dims.Item2]);
        public Tensor roll(ReadOnlySpan<long> shifts, ReadOnlySpan<long> dims = default) => roll(shifts.ToArray(), dims.ToArray());

        public Tensor[] split(long size, int dim = 0) => Aten.split__Tensor.List(this, size, dim);
        public Tensor[] split(long[] sizes, long dim = 0) => Aten.split_with_sizes.List(this, sizes, dim);
        public Tensor[] split(ReadOnlySpan<long> sizes, long dim = 0) => split(sizes.ToArray(), dim);
        public Tensor[] split(params long[] sizes) => split(sizes, 0L);
        public Tensor[] tensor_split(long size, long dim = 0L) => Aten.tensor_split__sections.List(this, size, dim);
        public Tensor[] chunk(long chunks, long dim = 0L) => Aten.chunk.List(this, chunks, dim);
        public Tensor[] unbind(long dimension = 0L) => Aten.unbind__int.List(this, dimension);
        public Tensor unfold(long dimension, long size, long step) => Aten.unfold.Tensor(this, dimension, size, step);
        public Tensor as_strided(long[] size, long[] strides, long storageOffset = 0L) => Aten.as_strided.Tensor(this, size, strides, (long?)storageOffset);

        public Tensor tril(long diagonal = 0) => Aten.tril.Tensor(this, diagonal);
        public Tensor tril_(long diagonal = 0) => Aten.tril_.Tensor(this, diagonal);
        public Tensor triu(long diagonal = 0) => Aten.triu.Tensor(this, diagonal);
        public Tensor triu_(long diagonal = 0) => Aten.triu_.Tensor(this, diagonal);
        public Tensor diag(long diagonal = 0) => Aten.diag.Tensor(this, diagonal);
        public Tensor diagonal(long offset = 0L, long dim1 = 0L, long dim2 = 1L) => Aten.diagonal.Tensor(this, offset, dim1, dim2);
        public Tensor diag_embed(long offset = 0L, long dim1 = -2L, long dim2 = -1L) => Aten.diag_embed.Tensor(this, offset, dim1, dim2);
        public Tensor trace() => Aten.trace.Tensor(this);

        public Tensor clone() => Aten.clone.Tensor(this);
        public Tensor contiguous() => Aten.contiguous.Tensor(this);
    }
}
