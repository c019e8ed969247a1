using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace SslOrleans.Silo.Dashboard.Watching;

/// <summary>
/// Carries messages to the open pages. A message is written once however many pages there are; a page that does not take its
/// messages loses the oldest and is told to read everything anew.
/// </summary>
internal sealed class LiveFeed
{
    private const int Backlog = 64;

    private readonly ConcurrentDictionary<Subscriber, bool> _subscribers = new();
    private readonly SemaphoreSlim _arrived = new(0, 1);

    /// <summary>Pages that are open.</summary>
    public int Count => _subscribers.Count;

    public bool IsWanted(string topic) => _subscribers.Keys.Any(s => s.Topics.Contains(topic));

    public Subscriber Subscribe(IEnumerable<string> topics)
    {
        var subscriber = new Subscriber(this, [.. topics]);
        _subscribers[subscriber] = true;
        if (_arrived.CurrentCount == 0)
        {
            try
            {
                _arrived.Release();
            }
            catch (SemaphoreFullException)
            {
            }
        }

        return subscriber;
    }

    /// <summary>Waits until there is a page.</summary>
    public async Task WaitForPage(CancellationToken cancellation)
    {
        while (_subscribers.IsEmpty)
            await _arrived.WaitAsync(cancellation);
    }

    /// <param name="topic">Who gets it.</param>
    /// <param name="message">What it is for the page.</param>
    /// <param name="content">Written as JSON.</param>
    public void Publish(string topic, string message, object content)
    {
        byte[]? bytes = null;
        foreach (var subscriber in _subscribers.Keys.Where(s => s.Topics.Contains(topic)))
            subscriber.Offer(bytes ??= Bytes(message, content));
    }

    internal static byte[] Bytes(string message, object content)
        => Encoding.UTF8.GetBytes($"event: {message}\ndata: {JsonSerializer.Serialize(content, content.GetType(), DashboardJson.Options)}\n\n");

    /// <summary>One open page.</summary>
    internal sealed class Subscriber(LiveFeed feed, HashSet<string> topics) : IDisposable
    {
        private readonly Channel<byte[]> _messages = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        private int _lost;

        public HashSet<string> Topics { get; } = topics;

        public ChannelReader<byte[]> Messages => _messages.Reader;

        /// <summary>True once after messages were lost.</summary>
        public bool TakeLost() => Interlocked.Exchange(ref _lost, 0) == 1;

        public void Offer(byte[] message)
        {
            if (_messages.Writer.TryWrite(message))
                return;
            Volatile.Write(ref _lost, 1);
            _messages.Reader.TryRead(out _);
            _messages.Writer.TryWrite(message);
        }

        public void Dispose() => feed._subscribers.TryRemove(this, out _);
    }
}
