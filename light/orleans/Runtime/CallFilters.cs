using System.Reflection;
using Orleans.Runtime;

namespace Orleans;

/// <summary>One call on its way into a grain, seen by a filter.</summary>
public interface IGrainCallContext
{
    object Grain { get; }

    GrainId TargetId { get; }

    string InterfaceName { get; }

    string MethodName { get; }

    MethodInfo InterfaceMethod { get; }

    object? Result { get; }

    /// <summary>Runs the next filter, and at last the method.</summary>
    Task Invoke();
}

public interface IIncomingGrainCallContext : IGrainCallContext
{
    IGrainContext TargetContext { get; }
}

/// <summary>Runs around every call of a grain on this silo; the dashboard counts and times calls with one.</summary>
public interface IIncomingGrainCallFilter
{
    Task Invoke(IIncomingGrainCallContext context);
}

public delegate Task IncomingGrainCallFilterDelegate(IIncomingGrainCallContext context);
