using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;

namespace Orleans.Runtime;

/// <summary>
/// Writes, once per grain interface, the class that turns its methods into messages: where Orleans generates source at
/// build time, this emits it at first use.
/// </summary>
internal static class ProxyFactory
{
    private const string MethodsField = "Methods";
    private static readonly ConcurrentDictionary<Type, Func<Node, GrainId, GrainReference>> Factories = new();
    private static readonly Lock Gate = new();
    private static readonly HashSet<string> Opened = [];
    private static readonly AssemblyBuilder Assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName("Orleans.Proxies"), AssemblyBuilderAccess.Run);
    private static readonly ModuleBuilder Module = Assembly.DefineDynamicModule("Orleans.Proxies");
    private static readonly ConstructorInfo IgnoresAccessChecksTo = DefineIgnoresAccessChecksTo();

    public static GrainReference Create(Node node, GrainId id, Type interfaceType) =>
        Factories.GetOrAdd(interfaceType, Emit)(node, id);

    private static Func<Node, GrainId, GrainReference> Emit(Type interfaceType)
    {
        lock (Gate)
        {
            OpenInternals(typeof(GrainReference).Assembly);
            OpenInternals(interfaceType.Assembly);
            var type = Module.DefineType($"{interfaceType.FullName}Proxy{Opened.Count}_{Guid.NewGuid():N}", TypeAttributes.Class | TypeAttributes.Sealed, typeof(GrainReference));
            type.AddInterfaceImplementation(interfaceType);
            var methodsField = type.DefineField(MethodsField, typeof(GrainMethod[]), FieldAttributes.Public | FieldAttributes.Static);
            EmitConstructor(type, interfaceType);
            var methods = GrainInterfaces.MethodsOf(interfaceType);
            for (var i = 0; i < methods.Length; i++)
                EmitMethod(type, methodsField, methods[i].Info, i);
            var proxy = type.CreateType();
            proxy.GetField(MethodsField)!.SetValue(null, methods);
            var constructor = proxy.GetConstructors()[0];
            return (node, id) => (GrainReference)constructor.Invoke([node, id, interfaceType]);
        }
    }

    private static void EmitConstructor(TypeBuilder type, Type interfaceType)
    {
        var signature = new[] { typeof(Node), typeof(GrainId), typeof(Type) };
        var il = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, signature).GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldarg_3);
        il.Emit(OpCodes.Call, typeof(GrainReference).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, signature)!);
        il.Emit(OpCodes.Ret);
    }

    private static void EmitMethod(TypeBuilder type, FieldInfo methods, MethodInfo method, int index)
    {
        var parameters = method.GetParameters();
        var body = type.DefineMethod(
            $"{method.DeclaringType!.FullName}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot,
            method.ReturnType,
            [.. parameters.Select(parameter => parameter.ParameterType)]);
        var il = body.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldsfld, methods);
        il.Emit(OpCodes.Ldc_I4, index);
        il.Emit(OpCodes.Ldelem_Ref);
        il.Emit(OpCodes.Ldc_I4, parameters.Length);
        il.Emit(OpCodes.Newarr, typeof(object));
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldc_I4, i);
            il.Emit(OpCodes.Ldarg, i + 1);
            if (parameters[i].ParameterType.IsValueType)
                il.Emit(OpCodes.Box, parameters[i].ParameterType);
            il.Emit(OpCodes.Stelem_Ref);
        }
        il.Emit(OpCodes.Call, CallFor(method));
        il.Emit(OpCodes.Ret);
        type.DefineMethodOverride(body, method);
    }

    private static MethodInfo CallFor(MethodInfo method)
    {
        var result = method.ReturnType;
        var definition = result.IsGenericType ? result.GetGenericTypeDefinition() : result;
        var name = definition == typeof(Task) || definition == typeof(Task<>) ? nameof(GrainReference.Call)
            : definition == typeof(ValueTask) || definition == typeof(ValueTask<>) ? nameof(GrainReference.CallValue)
            : definition == typeof(void) ? nameof(GrainReference.CallVoid)
            : definition == typeof(IAsyncEnumerable<>) ? nameof(GrainReference.CallStream)
            : throw new NotSupportedException($"{method.DeclaringType}.{method.Name} returns {result}; a grain method returns a task, or a stream.");
        var call = typeof(GrainReference).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic)
            .Single(candidate => candidate.Name == name && candidate.IsGenericMethodDefinition == result.IsGenericType);
        return result.IsGenericType ? call.MakeGenericMethod(result.GetGenericArguments()) : call;
    }

    /// <summary>Lets the emitted classes see the internal types of an assembly.</summary>
    private static void OpenInternals(Assembly assembly)
    {
        if (Opened.Add(assembly.GetName().Name!))
            Assembly.SetCustomAttribute(new CustomAttributeBuilder(IgnoresAccessChecksTo, [assembly.GetName().Name]));
    }

    // The runtime knows this attribute by its name only; no library declares it.
    private static ConstructorInfo DefineIgnoresAccessChecksTo()
    {
        var type = Module.DefineType("System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute", TypeAttributes.Public, typeof(Attribute));
        var constructor = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(string)]);
        var il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(Attribute).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, [])!);
        il.Emit(OpCodes.Ret);
        return type.CreateType().GetConstructors()[0];
    }
}
