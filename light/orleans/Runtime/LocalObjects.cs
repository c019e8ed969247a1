using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Orleans.Runtime;

/// <summary>
/// Callable objects that are no grains: observers, which the runtime holds weakly and calls one at a time, and the
/// runtime's own services, which it calls as requests come. The key of each begins with the process that has it.
/// </summary>
internal sealed class LocalObjects(Node node)
{
    public const string ObserverType = "sys.observer";
    public const string ServiceType = "sys.service";

    private readonly ConcurrentDictionary<GrainId, Entry> _objects = new();

    public static bool Owns(GrainId id) => id.Type.ToString() is ObserverType or ServiceType;

    /// <summary>The process that has the object.</summary>
    public static string OwnerOf(GrainId id)
    {
        var key = id.Key.ToString();
        return key[..Math.Max(0, key.IndexOf('|', StringComparison.Ordinal))];
    }

    public static GrainId ServiceId(string owner, string name) => GrainId.Create(ServiceType, $"{owner}|{name}");

    public GrainId Add(IGrainObserver observer)
    {
        var id = GrainId.Create(ObserverType, $"{node.OwnerName}|{Guid.NewGuid():N}");
        _objects[id] = new Entry(new WeakReference(observer), null);
        return id;
    }

    public void AddService(string name, object service) => _objects[ServiceId(node.OwnerName, name)] = new Entry(null, service);

    public void Remove(GrainId id) => _objects.TryRemove(id, out _);

    public void Deliver(Request request)
    {
        if (!_objects.TryGetValue(request.Target, out var entry) || entry.Target is not { } target)
        {
            _objects.TryRemove(request.Target, out _);
            node.Fail(request, new ClientNotAvailableException($"The observer {request.Target} does not exist any more."));
            return;
        }
        if (entry.Service is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => _ = InvokeAsync(target, request), null);
            return;
        }
        lock (entry)
            entry.Last = InvokeAfterAsync(entry.Last, target, request);
    }

    private async Task InvokeAfterAsync(Task previous, object target, Request request)
    {
        await previous.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        await InvokeAsync(target, request).ConfigureAwait(false);
    }

    private async Task InvokeAsync(object target, Request request)
    {
        try
        {
            RequestContext.Values = request.Context;
            var method = request.Resolve();
            var task = method.Invoke(target, request.Arguments!);
            await task.ConfigureAwait(false);
            node.Answered(request);
            request.Reply.Complete(method, method.ResultOf(task));
        }
        catch (Exception error)
        {
            if (request.IsOneWay)
                node.Log.LogWarning(error, "The one-way call {Request} failed", request);
            node.Fail(request, error);
        }
    }

    private sealed class Entry(WeakReference? observer, object? service)
    {
        public object? Service { get; } = service;

        public object? Target => Service ?? observer!.Target;

        public Task Last { get; set; } = Task.CompletedTask;
    }
}
