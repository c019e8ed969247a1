using System.Linq.Expressions;
using System.Reflection;
using System.Text;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Orleans.Runtime;

/// <summary>One method of a grain interface: how to call it, how its arguments and result travel, and how it mixes with others.</summary>
internal abstract class GrainMethod
{
    private readonly Lazy<Codec?[]> _codecs;

    protected GrainMethod(MethodInfo method)
    {
        Info = method;
        InterfaceName = method.DeclaringType!.FullName!;
        Id = HashOf(method);
        IsReadOnly = method.IsDefined(typeof(ReadOnlyAttribute));
        IsAlwaysInterleave = method.IsDefined(typeof(AlwaysInterleaveAttribute));
        IsOneWay = method.IsDefined(typeof(OneWayAttribute)) || method.ReturnType == typeof(void);
        Timeout = method.GetCustomAttribute<ResponseTimeoutAttribute>()?.Timeout;
        var parameters = method.GetParameters();
        CancellationIndex = Array.FindIndex(parameters, parameter => parameter.ParameterType == typeof(CancellationToken));
        _codecs = new(() => [.. parameters.Select(CodecOf)]);
    }

    public MethodInfo Info { get; }

    public string InterfaceName { get; }

    /// <summary>The same number for the same interface and signature in every process.</summary>
    public ulong Id { get; }

    public bool IsReadOnly { get; }

    public bool IsAlwaysInterleave { get; }

    public bool IsOneWay { get; }

    public TimeSpan? Timeout { get; }

    /// <summary>Which parameter is a cancellation token, or -1.</summary>
    public int CancellationIndex { get; }

    public abstract Codec ResultCodec { get; }

    public static GrainMethod Create(MethodInfo method)
    {
        var result = method.ReturnType;
        var isStream = result.IsGenericType && result.GetGenericTypeDefinition() == typeof(IAsyncEnumerable<>);
        var value = result.IsGenericType && !isStream ? result.GetGenericArguments()[0] : typeof(object);
        return (GrainMethod)Activator.CreateInstance(typeof(GrainMethod<>).MakeGenericType(value), method)!;
    }

    /// <summary>Calls the method on a grain; a result that is no task, like a stream, comes inside a completed one.</summary>
    public abstract Task Invoke(object target, object?[] arguments);

    public abstract object? ResultOf(Task completed);

    public void WriteArguments(BufferWriter writer, object?[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
            _codecs.Value[i]?.WriteObject(writer, arguments[i]);
    }

    public object?[] ReadArguments(BufferReader reader)
    {
        var arguments = new object?[_codecs.Value.Length];
        for (var i = 0; i < arguments.Length; i++)
            arguments[i] = _codecs.Value[i] is { } codec ? codec.ReadObject(reader) : CancellationToken.None;
        return arguments;
    }

    /// <summary>What a callee in the same silo gets: immutable values themselves, of others a copy.</summary>
    public object?[] CopyArguments(object?[] arguments)
    {
        for (var i = 0; i < arguments.Length; i++)
            arguments[i] = _codecs.Value[i] is { IsShareable: false } codec ? codec.CopyObject(arguments[i]) : arguments[i];
        return arguments;
    }

    public override string ToString() => $"{InterfaceName}.{Info.Name}";

    private static Codec? CodecOf(ParameterInfo parameter) =>
        parameter.ParameterType == typeof(CancellationToken) ? null
        : parameter.IsDefined(typeof(ImmutableAttribute), false) ? Codecs.ForImmutable(parameter.ParameterType)
        : Codecs.For(parameter.ParameterType);

    private static ulong HashOf(MethodInfo method)
    {
        var owner = method.DeclaringType!.GetCustomAttribute<AliasAttribute>()?.Alias ?? method.DeclaringType!.FullName;
        var name = method.GetCustomAttribute<AliasAttribute>()?.Alias
            ?? $"{method.Name}({string.Join(',', method.GetParameters().Select(parameter => parameter.ParameterType.ToString()))})";
        return BitConverter.ToUInt64(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{owner}.{name}")));
    }
}

internal sealed class GrainMethod<T>(MethodInfo method) : GrainMethod(method)
{
    private readonly Lazy<Delegate> _invoke = new(() => Compile(method));

    private readonly Lazy<Codec> _result = new(() =>
        method.ReturnTypeCustomAttributes.IsDefined(typeof(ImmutableAttribute), false) ? Codecs.ForImmutable(typeof(T)) : Codecs.For(typeof(T)));

    public override Codec ResultCodec => _result.Value;

    public override Task Invoke(object target, object?[] arguments) => _invoke.Value switch
    {
        Func<object, object?[], Task<T>> typed => typed(target, arguments),
        Func<object, object?[], Task> plain => plain(target, arguments),
        Func<object, object?[], ValueTask<T>> typed => typed(target, arguments).AsTask(),
        Func<object, object?[], ValueTask> plain => plain(target, arguments).AsTask(),
        Action<object, object?[]> action => Run(action, target, arguments),
        Func<object, object?[], object> stream => Task.FromResult((T)stream(target, arguments)),
        var other => throw new NotSupportedException($"{this} returns {other.Method.ReturnType}; a grain method returns a task, or a stream."),
    };

    public override object? ResultOf(Task completed) => completed switch
    {
        Task<T> typed => typed.Result,
        Task<FilteredResult> filtered => filtered.Result.Value,
        _ => null,
    };

    private static Task Run(Action<object, object?[]> action, object target, object?[] arguments)
    {
        action(target, arguments);
        return Task.CompletedTask;
    }

    private static Delegate Compile(MethodInfo method)
    {
        var target = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(target, method.DeclaringType!),
            method,
            method.GetParameters().Select((parameter, i) =>
                Expression.Convert(Expression.ArrayIndex(arguments, Expression.Constant(i)), parameter.ParameterType)));
        Expression body = method.ReturnType.IsInterface ? Expression.Convert(call, typeof(object)) : call;
        return Expression.Lambda(body, target, arguments).Compile();
    }
}
