using Xunit.Abstractions;
using Xunit.Sdk;

namespace SslOrleans.Tests.Dashboard;

/// <summary>In the order of their names: what kills something comes last.</summary>
public sealed class ByName : ITestCaseOrderer
{
    public IEnumerable<TTestCase> OrderTestCases<TTestCase>(IEnumerable<TTestCase> testCases)
        where TTestCase : ITestCase
        => testCases.OrderBy(t => t.TestMethod.Method.Name, StringComparer.Ordinal);
}
