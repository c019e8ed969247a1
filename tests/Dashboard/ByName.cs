using Xunit.Sdk;
using Xunit.v3;

namespace SslOrleans.Tests.Dashboard;

/// <summary>In the order of their names: what kills something comes last.</summary>
public sealed class ByName : ITestMethodOrderer
{
    public IReadOnlyCollection<TTestMethod?> OrderTestMethods<TTestMethod>(IReadOnlyCollection<TTestMethod?> testMethods)
        where TTestMethod : ITestMethod
        => [.. testMethods.OrderBy(m => m?.MethodName, StringComparer.Ordinal)];
}
