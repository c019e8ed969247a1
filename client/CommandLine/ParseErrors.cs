using System.CommandLine;
using System.Text.RegularExpressions;
using SslOrleans.Contracts.Recipes;

namespace SslOrleans.Client.CommandLine;

/// <summary>Says in one line what is wrong with a call, with the nearest word that would be right.</summary>
public static partial class ParseErrors
{
    /// <summary>The line, or null when the call can be run.</summary>
    public static string? Describe(ParseResult parsed)
    {
        var misspelt = MisspeltOptions(parsed).FirstOrDefault();
        if (parsed.Errors.Count == 0 && misspelt is null)
            return null;
        var command = parsed.CommandResult.Command;
        var path = CommandPath(parsed);
        if ((misspelt ?? parsed.UnmatchedTokens.FirstOrDefault()) is { } token)
        {
            var isOption = token.StartsWith('-');
            var known = isOption ? OptionNames(parsed).ToList() : [.. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name)];
            var nearest = RecipeKeys.Near(token, known);
            var what = isOption ? "option" : command.Subcommands.Count > 0 ? "command" : "argument";
            return nearest is null
                ? $"{path} takes no {what} \"{token}\"; {path} --help shows what it takes."
                : $"unknown {what} \"{token}\" of {path}; did you mean \"{nearest}\"? ({path} --help shows all.)";
        }

        var message = ExpectedType().Replace(string.Join(' ', parsed.Errors[0].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), m => m.Groups[1].Value switch
        {
            "Int32" or "Int64" or "UInt64" => "a whole number",
            "Double" or "Single" => "a number",
            var other => other,
        });
        return $"{message.TrimEnd('.')}; {path} --help shows what it takes.";
    }

    /// <summary>Options that the command does not know are taken for arguments where it takes any.</summary>
    private static IEnumerable<string> MisspeltOptions(ParseResult parsed) => parsed.CommandResult.Children
        .OfType<System.CommandLine.Parsing.ArgumentResult>()
        .SelectMany(a => a.Tokens)
        .Select(t => t.Value)
        .Where(v => v.StartsWith("--", StringComparison.Ordinal));

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is System.CommandLine.Parsing.CommandResult { Command: var c })
                names.Add(c is RootCommand ? "sslo" : c.Name);
        }

        names.Reverse();
        return string.Join(' ', names);
    }

    private static IEnumerable<string> OptionNames(ParseResult parsed)
    {
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is not null; at = at.Parent)
        {
            if (at is not System.CommandLine.Parsing.CommandResult { Command: var command })
                continue;
            foreach (var option in command.Options.Where(o => !o.Hidden && (o.Recursive || at == parsed.CommandResult)))
                yield return option.Name;
        }
    }

    [GeneratedRegex(@"expected type '(?:System\.Nullable`1\[)?(?:System\.)?([A-Za-z0-9]+)[^']*'")]
    private static partial Regex ExpectedType();
}
