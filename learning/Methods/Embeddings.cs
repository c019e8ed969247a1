using System.Collections;
using static TorchSharp.torch;

namespace SslOrleans.Learning.Methods;

/// <summary>
/// What a micro-batch leaves for the loss, by name (<c>z1</c>, <c>p2</c>, <c>key1</c> …), each <c>[b, …]</c> with rows in sample order.
/// Gradient flows to those that require it.
/// </summary>
public sealed class Embeddings : IEnumerable<KeyValuePair<string, Tensor>>
{
    private readonly List<KeyValuePair<string, Tensor>> _items = [];
    private readonly HashSet<string> _asked = [];

    /// <summary>Names that were asked for.</summary>
    public IReadOnlySet<string> Asked => _asked;

    public Tensor this[string name]
    {
        get
        {
            _asked.Add(name);
            foreach (var (key, tensor) in _items)
            {
                if (key == name)
                    return tensor;
            }

            throw new KeyNotFoundException($"No embedding \"{name}\"; there are {string.Join(", ", _items.Select(i => i.Key))}.");
        }
    }

    public int Count => _items.Count;

    public void Add(string name, Tensor tensor) => _items.Add(new(name, tensor));

    public bool Contains(string name) => _items.Any(i => i.Key == name);

    public IEnumerator<KeyValuePair<string, Tensor>> GetEnumerator() => _items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
