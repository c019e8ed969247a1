using System.Collections;
using System.Runtime.CompilerServices;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace TorchSharp
{
    namespace Modules
    {
        /// <summary>Modules one after another. It disposes of what passes between them.</summary>
        public class Sequential : nn.Module<Tensor, Tensor>
        {
            private readonly List<(string name, nn.IModule<Tensor, Tensor> module)> steps = [];

            internal Sequential() : base(nameof(Sequential)) { }

            protected Sequential(params (string name, nn.Module<Tensor, Tensor> submodule)[] modules) : this()
            {
                foreach (var (name, module) in modules) Add(name, module);
            }

            protected Sequential(params nn.Module<Tensor, Tensor>[] modules) : this()
            {
                foreach (var module in modules) Add(module);
            }

            public int Count => steps.Count;

            [IndexerName("SequentialItems")]
            public nn.IModule<Tensor, Tensor> this[int index] => steps[index].module;

            [IndexerName("SequentialItems")]
            public Sequential this[Range index]
            {
                get
                {
                    var (start, length) = index.GetOffsetAndLength(steps.Count);
                    var part = new Sequential();
                    foreach (var (name, module) in steps.GetRange(start, length)) part.Add(name, module);
                    return part;
                }
            }

            public Sequential append(string name, nn.IModule<Tensor, Tensor> module)
            {
                Add(name, module);
                return this;
            }

            public Sequential append(nn.IModule<Tensor, Tensor> module)
            {
                Add(module);
                return this;
            }

            internal void Add(nn.IModule<Tensor, Tensor> module) => Add(steps.Count.ToString(), module);

            internal void Add(string name, nn.IModule<Tensor, Tensor> module)
            {
                register_module(name, (nn.Module)module);
                steps.Add((name, module));
            }

            // The steps are registered as they are added; the list of them is no component of its own.
            protected override void RegisterComponents() { }

            public override Tensor forward(Tensor tensor)
            {
                if (steps.Count == 0) return tensor.alias();
                var passed = steps[0].module.call(tensor);
                for (var i = 1; i < steps.Count; i++)
                {
                    using var before = passed;
                    passed = steps[i].module.call(before);
                }
                return passed;
            }
        }

        /// <summary>A list of modules, named by their places.</summary>
        public class ModuleList<T> : nn.Module, IList<T> where T : nn.Module
        {
            private readonly List<T> items = [];
            private bool listed;

            public ModuleList(params T[] modules) : base(nameof(ModuleList<T>)) => items.AddRange(modules);

            protected override void RegisterComponents()
            {
                if (listed) return;
                for (var i = 0; i < items.Count; i++) register_module($"{i}", items[i]);
                listed = true;
            }

            public T this[int index]
            {
                get => items[index];
                set => items[index] = value;
            }

            public int Count => items.Count;
            public bool IsReadOnly => false;
            public void Add(T item) => items.Add(item);
            public void append(params T[] parameters) => items.AddRange(parameters);
            public void extend(IEnumerable<T> modules) => items.AddRange(modules);
            public void Clear() => items.Clear();
            public bool Contains(T item) => items.Contains(item);
            public void CopyTo(T[] array, int arrayIndex) => items.CopyTo(array, arrayIndex);
            public int IndexOf(T item) => items.IndexOf(item);
            public void Insert(int index, T item) => items.Insert(index, item);
            public bool Remove(T item) => items.Remove(item);
            public void RemoveAt(int index) => items.RemoveAt(index);
            public IEnumerator<T> GetEnumerator() => items.GetEnumerator();
            IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
        }
    }

    public static partial class torch
    {
        public static partial class nn
        {
            public static Sequential Sequential() => new();

            public static Sequential Sequential(params (string name, Module<Tensor, Tensor> submodule)[] modules) =>
                Sequential((IEnumerable<(string name, Module<Tensor, Tensor> submodule)>)modules);

            public static Sequential Sequential(params Module<Tensor, Tensor>[] modules) => Sequential((IEnumerable<Module<Tensor, Tensor>>)modules);

            public static Sequential Sequential(IEnumerable<(string name, Module<Tensor, Tensor> submodule)> modules)
            {
                var sequential = new Sequential();
                foreach (var (name, module) in modules) sequential.Add(name, module);
                return sequential;
            }

            public static Sequential Sequential(IEnumerable<Module<Tensor, Tensor>> modules)
            {
                var sequential = new Sequential();
                foreach (var module in modules) sequential.Add(module);
                return sequential;
            }

            public static ModuleList<Module> ModuleList(params Module[] modules) => new(modules);
            public static ModuleList<T> ModuleList<T>(params T[] modules) where T : Module => new(modules);
        }
    }
}
