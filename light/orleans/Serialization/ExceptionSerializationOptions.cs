namespace Orleans.Serialization;

/// <summary>
/// Which exceptions travel besides those with <see cref="GenerateSerializerAttribute"/>: by the beginning of their namespace.
/// </summary>
public class ExceptionSerializationOptions
{
    public HashSet<string> SupportedNamespacePrefixes { get; } = new(StringComparer.Ordinal) { "Microsoft", "System", "Azure" };

    public Func<Type, bool> SupportedExceptionTypeFilter { get; set; } = _ => false;

    internal bool Supports(Type type) =>
        type.IsDefined(typeof(GenerateSerializerAttribute), false)
        || type.Assembly == typeof(ExceptionSerializationOptions).Assembly
        || SupportedExceptionTypeFilter(type)
        || SupportedNamespacePrefixes.Any(prefix => type.Namespace?.StartsWith(prefix, StringComparison.Ordinal) == true);
}
