using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Client.Inspection;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo doctor</c>. What must be there before the program can be built at all, the script ./sslo says itself.</summary>
public static class DoctorCommand
{
    public const string Name = "doctor";

    public static Command Build(Screen screen)
    {
        var command = new Command(Name, "Says what is here, what is missing, and the command that mends it.");
        command.SetAction(_ =>
        {
            var missing = false;
            foreach (var finding in Doctor.Examine())
            {
                missing |= finding.Health is Health.Missing;
                if (screen.Json)
                    screen.JsonLine(new { finding.Name, finding.Value, health = finding.Health.ToString().ToLowerInvariant(), finding.Mend });
                else
                    screen.Line($"{Sign(finding.Health)} {finding.Name,-24} {finding.Value}{(finding.Mend.Length > 0 ? $"{Environment.NewLine}{"",-27}mend: {finding.Mend}" : "")}");
            }

            return missing ? ExitCodes.Missing : ExitCodes.Well;
        });
        return command;
    }

    private static string Sign(Health health) => health switch
    {
        Health.Well => "✓",
        Health.Optional => "·",
        Health.Missing => "✗",
        _ => " ",
    };
}
