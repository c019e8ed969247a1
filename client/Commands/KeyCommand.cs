using System.CommandLine;
using SslOrleans.Client.CommandLine;
using SslOrleans.Grains.Records;

namespace SslOrleans.Client.Commands;

/// <summary><c>sslo key FILE</c>: a key pair to sign ledgers with.</summary>
public static class KeyCommand
{
    public static Command Build(Screen screen)
    {
        var file = new Argument<string>("file") { Description = "Where the private key is to be; the public one is written beside it as FILE.pub." };
        var command = new Command("key", "Makes a key pair for `train --sign FILE` and `audit --public-key FILE.pub`.") { file };
        command.SetAction(parsed =>
        {
            var path = parsed.GetRequiredValue(file);
            var fingerprint = LedgerKeys.Generate(path);
            if (screen.Json)
                screen.JsonLine(new { privateKey = Path.GetFullPath(path), publicKey = Path.GetFullPath(path + ".pub"), fingerprint });
            else
                screen.Line($"{fingerprint}: keep {path} to yourself, and outside of the runs; give {path}.pub to whoever is to check");
            return ExitCodes.Well;
        });
        return command;
    }
}
