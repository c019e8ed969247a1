namespace SslOrleans.Learning.Data;

/// <summary>The blocks that were used last.</summary>
internal sealed class BlockMemory(int limit)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<((DataFile, long) Key, byte[] Bytes)> _order = [];
    private readonly Dictionary<(DataFile, long), LinkedListNode<((DataFile, long) Key, byte[] Bytes)>> _blocks = [];

    public bool Has((DataFile File, long Block) key)
    {
        lock (_lock)
            return _blocks.ContainsKey(key);
    }

    public byte[]? TryGet((DataFile File, long Block) key)
    {
        lock (_lock)
        {
            if (!_blocks.TryGetValue(key, out var node))
                return null;
            _order.Remove(node);
            _order.AddFirst(node);
            return node.Value.Bytes;
        }
    }

    public void Keep((DataFile File, long Block) key, byte[] bytes)
    {
        lock (_lock)
        {
            if (limit <= 0 || _blocks.ContainsKey(key))
                return;
            _blocks[key] = _order.AddFirst((key, bytes));
            if (_order.Count <= limit)
                return;
            _blocks.Remove(_order.Last!.Value.Key);
            _order.RemoveLast();
        }
    }
}
