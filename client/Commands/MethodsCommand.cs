using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo methods</c>.</summary>
public static class MethodsCommand
{
    public static Command Build(Screen screen)
    {
        var command = new Command("methods", "The methods that recipes can name.");
        command.SetAction(_ =>
        {
            if (screen.Json)
            {
                foreach (var m in MethodCatalog.All)
                    screen.JsonLine(new { m.Name, m.Family, m.Inventory, m.Paper });
            }
            else
            {
                screen.Table(["method", "family", "row", "paper"], MethodCatalog.All.Select(m => new[] { m.Name, m.Family, m.Inventory, m.Paper }));
            }

            return ExitCodes.Well;
        });
        return command;
    }
}
