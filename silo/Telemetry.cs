using System.Collections;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using SslOrleans.Grains.Runs;

namespace SslOrleans.Silo;

/// <summary>
/// Meters and traces of runs, of Orleans and of the runtime to an OpenTelemetry collector, where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> names one. All
/// other settings are OpenTelemetry's own too (protocol, headers, interval, <c>OTEL_SERVICE_NAME</c>); worker processes inherit them.
/// </summary>
internal static class Telemetry
{
    private const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private static readonly string[] s_orleans = ["Microsoft.Orleans.Application", "Microsoft.Orleans.Runtime"];

    /// <summary>A collector is named; without one nothing is listened to, and nothing is spent.</summary>
    public static bool IsOn => Environment.GetEnvironmentVariable(Endpoint) is { Length: > 0 };

    /// <summary>To a silo of a host that reads no environment by itself.</summary>
    public static void AddTo(ISiloBuilder silo, IConfigurationBuilder configuration, string name)
    {
        configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Select(v => KeyValuePair.Create((string)v.Key, (string?)v.Value)).Where(v => v.Key.StartsWith("OTEL_", StringComparison.Ordinal)));
        silo.AddActivityPropagation();
        silo.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("sslorleans", serviceInstanceId: name).AddEnvironmentVariableDetector())
            .WithMetrics(metrics => metrics.AddMeter(RunInstruments.Name, "Microsoft.Orleans").AddRuntimeInstrumentation().AddOtlpExporter())
            .WithTracing(traces => traces.AddSource([RunInstruments.Name, .. s_orleans]).AddOtlpExporter());
    }
}
