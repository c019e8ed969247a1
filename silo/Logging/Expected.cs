using Microsoft.Extensions.Logging;
namespace SslOrleans.Silo.Logging;
internal static class Expected
{
    public static bool Covers(string category, EventId id, Exception? exception) => false;
}
