using TorchSharp.Interop;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>
    /// An n-dimensional array in libtorch's memory. It is let go of by <see cref="Dispose()"/>, by its dispose scope,
    /// or at the latest by the garbage collector.
    /// </summary>
    public partial class Tensor : IDisposable
    {
        private static long totalCount;
        private static long peakCount;

        internal IntPtr handle;
        internal int PlaceInScope;

        internal Tensor(IntPtr handle, bool register = true)
        {
            this.handle = handle;
            if (handle == 0) return;
            var count = Interlocked.Increment(ref totalCount);
            if (count > peakCount) peakCount = count;
            if (register) DisposeScopeManager.ThreadSingleton.CurrentDisposeScope?.Add(this);
        }

        ~Tensor() => Dispose(false);

        internal DisposeScope? OwningDisposeScope { get; set; }

        /// <summary>The tensors alive now in the process.</summary>
        public static long TotalCount => Interlocked.Read(ref totalCount);

        /// <summary>The most tensors that were alive at a time.</summary>
        public static long PeakCount => Interlocked.Read(ref peakCount);

        public string? name { get; set; }

        public bool IsInvalid => handle == 0;

        /// <exception cref="InvalidOperationException">The tensor has been disposed of.</exception>
        public IntPtr Handle => handle != 0 ? handle : throw new InvalidOperationException("Tensor invalid -- empty handle.");

        public void Dispose()
        {
            Dispose(true);
            GC.SuppressFinalize(this);
        }

        protected virtual void Dispose(bool disposing)
        {
            if (handle == 0) return;
            if (disposing) OwningDisposeScope?.Remove(this);
            Interlocked.Decrement(ref totalCount);
            Native.slt_release(handle);
            handle = 0;
        }

        /// <summary>Takes the handle away from this object, which is then empty.</summary>
        internal IntPtr MoveHandle()
        {
            var moved = Handle;
            handle = 0;
            Interlocked.Decrement(ref totalCount);
            GC.SuppressFinalize(this);
            return moved;
        }

        public Tensor MoveToOuterDisposeScope()
        {
            OwningDisposeScope?.MoveToOuter(this);
            return this;
        }

        public Tensor DetachFromDisposeScope()
        {
            OwningDisposeScope?.Detach(this);
            return this;
        }

        public Tensor MoveToOtherDisposeScope(Tensor other) => MoveToOtherDisposeScope(other.OwningDisposeScope);

        public Tensor MoveToOtherDisposeScope(DisposeScope? other)
        {
            if (OwningDisposeScope is null) other?.Attach(this);
            else OwningDisposeScope.MoveToOther(other, this);
            return this;
        }

        /// <summary>Another handle to the same tensor: same memory, same gradient.</summary>
        public Tensor alias()
        {
            var copy = Native.slt_alias(Handle);
            GC.KeepAlive(this);
            return new Tensor(copy);
        }

        public long Dimensions
        {
            get
            {
                var count = Native.slt_dim(Handle);
                GC.KeepAlive(this);
                return count;
            }
        }

        public long dim() => Dimensions;
        public long ndim => Dimensions;

        public long NumberOfElements
        {
            get
            {
                var count = Native.slt_numel(Handle);
                GC.KeepAlive(this);
                return count;
            }
        }

        public long numel() => NumberOfElements;

        public long ElementSize
        {
            get
            {
                var size = Native.slt_itemsize(Handle);
                GC.KeepAlive(this);
                return size;
            }
        }

        public long element_size() => ElementSize;

        public unsafe long[] shape
        {
            get
            {
                var sizes = new long[Dimensions];
                fixed (long* first = sizes) Native.Check(Native.slt_sizes(Handle, first));
                GC.KeepAlive(this);
                return sizes;
            }
        }

        public long[] size() => shape;

        public long size(int dim)
        {
            var sizes = shape;
            return sizes[Wrap(dim, sizes.Length)];
        }

        public unsafe long[] stride()
        {
            var strides = new long[Dimensions];
            fixed (long* first = strides) Native.Check(Native.slt_strides(Handle, first));
            GC.KeepAlive(this);
            return strides;
        }

        public long stride(int dim)
        {
            var strides = stride();
            return strides[Wrap(dim, strides.Length)];
        }

        public unsafe long storage_offset()
        {
            long offset;
            Native.Check(Native.slt_storage_offset(Handle, &offset));
            GC.KeepAlive(this);
            return offset;
        }

        public unsafe bool is_contiguous()
        {
            int result;
            Native.Check(Native.slt_is_contiguous(Handle, &result));
            GC.KeepAlive(this);
            return result != 0;
        }

        public ScalarType dtype
        {
            get
            {
                var type = (ScalarType)Native.slt_scalar_type(Handle);
                GC.KeepAlive(this);
                return type;
            }
        }

        public Device device
        {
            get
            {
                var (type, index) = Place();
                return type == DeviceType.CPU ? CPU : new Device(type, index);
            }
        }

        public DeviceType device_type => Place().Type;

        public int device_index => Place().Index;

        public bool is_cuda => device_type == DeviceType.CUDA;
        public bool is_meta => device_type == DeviceType.META;
        public bool is_cpu() => device_type == DeviceType.CPU;
        public bool is_integral() => torch.is_integral(dtype);
        public bool is_floating_point() => torch.is_floating_point(dtype);
        public bool is_complex() => torch.is_complex(dtype);

        public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

        /// <summary>Whether both tensors have the same shape and the same values.</summary>
        public bool Equals(Tensor target) => Aten.equal.Bool(this, target);

        public override int GetHashCode() => base.GetHashCode();

        /// <summary>Shape, element type and device, such as <c>[2x3], type = Float32, device = cpu</c>.</summary>
        public override string ToString() => IsInvalid ? "Tensor(disposed)" : $"[{string.Join('x', shape)}], type = {dtype}, device = {device}";

        private unsafe (DeviceType Type, int Index) Place()
        {
            int type, index;
            Native.slt_device(Handle, &type, &index);
            GC.KeepAlive(this);
            return ((DeviceType)type, index);
        }

        private static long Wrap(long dim, int dimensions)
        {
            var wrapped = dim < 0 ? dim + dimensions : dim;
            return wrapped >= 0 && wrapped < dimensions
                ? wrapped
                : throw new IndexOutOfRangeException($"dimension {dim} of a tensor that has {dimensions}");
        }
    }
}
