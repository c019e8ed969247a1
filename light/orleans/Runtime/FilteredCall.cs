using System.Reflection;

namespace Orleans.Runtime;

/// <summary>A call on its way through the silo's filters to the grain.</summary>
internal sealed class FilteredCall(Activation activation, GrainMethod method, object?[] arguments, IIncomingGrainCallFilter[] filters)
    : IIncomingGrainCallContext
{
    private int _next;

    public object Grain => activation.GrainInstance!;

    public GrainId TargetId => activation.GrainId;

    public IGrainContext TargetContext => activation;

    public string InterfaceName => method.InterfaceName;

    public string MethodName => method.Info.Name;

    public MethodInfo InterfaceMethod => method.Info;

    public object? Result { get; private set; }

    public async Task Invoke()
    {
        if (_next < filters.Length)
        {
            await filters[_next++].Invoke(this);
            return;
        }
        var call = method.Invoke(activation.GrainInstance!, arguments);
        await call;
        Result = method.ResultOf(call);
    }

    public async Task<FilteredResult> RunAsync()
    {
        await Invoke();
        return new FilteredResult(Result);
    }
}

/// <summary>What a call gave that went through filters.</summary>
internal sealed record FilteredResult(object? Value);
