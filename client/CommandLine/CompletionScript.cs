using System.CommandLine;
using System.Text;
using SslOrleans.Client.Downloads;
using SslOrleans.Contracts.Recipes;
using SslOrleans.Learning.Methods;

namespace SslOrleans.Client.CommandLine;

/// <summary>
/// A shell's completion, made from the command tree: words are known when the script is made, names of recipes and runs are looked up when Tab
/// is pressed, and no program is started for it.
/// </summary>
public static class CompletionScript
{
    /// <summary>What stands for something else than words: a marker in the script's lists.</summary>
    private const string Recipes = "@recipes", RunNames = "@runs", Files = "@files";

    public static string Bash(Command root)
    {
        var script = new StringBuilder();
        script.Append("# sslo's completion. For bash: eval \"$(sslo completion bash)\". For zsh: eval \"$(sslo completion zsh)\".\n");
        script.Append($"_sslo_root={Quoted(ProjectFiles.Root)}\n");
        List(script, "_sslo_words", "What may come next, by command: sub-commands, options, arguments.", Each(root, "").Select(c => (c.Path, Words(c.Command, root))));
        List(script, "_sslo_values", "What an option takes, by its name.", Each(root, "").SelectMany(c => c.Command.Options).Where(o => !o.Hidden && o.ValueType != typeof(bool)).DistinctBy(o => o.Name).Select(o => (o.Name, Values(o))));
        script.Append("""
            _sslo() {
              [ -n "$ZSH_VERSION" ] && emulate -L ksh
              local cur="${COMP_WORDS[COMP_CWORD]}" prev="${COMP_WORDS[COMP_CWORD-1]}" at="" runs="runs" i word words=""
              for ((i = 1; i < COMP_CWORD; i++)); do
                word="${COMP_WORDS[i]}"
                [ "$word" = "--runs" ] && runs="${COMP_WORDS[i+1]}"
                if [ -n "$(_sslo_words "$at${at:+ }$word")" ]; then at="$at${at:+ }$word"; fi
              done
              case "$prev" in --*) words="$(_sslo_values "$prev")" ;; esac
              [ -n "$words" ] || words="$(_sslo_words "$at")"
              COMPREPLY=()
              for word in $words; do
                case "$word" in
                  @recipes) COMPREPLY+=($(cd "$_sslo_root/recipes" 2>/dev/null && compgen -W "$(ls -- *.jsonc 2>/dev/null | sed 's/\.jsonc$//')" -- "$cur")) ;;
                  @runs) [ -d "$runs" ] && COMPREPLY+=($(compgen -W "$(cd "$runs" && ls -d -- */ 2>/dev/null | sed 's/\/$//')" -- "$cur")) ;;
                  @files) COMPREPLY+=($(compgen -f -- "$cur")) ;;
                  *) COMPREPLY+=($(compgen -W "$word" -- "$cur")) ;;
                esac
              done
              case "${COMPREPLY[0]}" in *=) compopt -o nospace 2>/dev/null ;; esac
              return 0
            }
            complete -o filenames -F _sslo sslo ./sslo

            """);
        return script.ToString();
    }

    /// <summary>zsh has bash's completion builtins.</summary>
    public static string Zsh(Command root) => "autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(root);

    private static void List(StringBuilder script, string function, string comment, IEnumerable<(string Name, string Words)> entries)
    {
        script.Append($"# {comment}\n{function}() {{\n  case \"$1\" in\n");
        foreach (var (name, words) in entries)
            script.Append($"    {Quoted(name)}) echo {Quoted(words)} ;;\n");
        script.Append("  esac\n}\n");
    }

    private static IEnumerable<(string Path, Command Command)> Each(Command command, string path)
    {
        yield return (path, command);
        foreach (var sub in command.Subcommands.Where(c => !c.Hidden))
        {
            foreach (var found in Each(sub, path.Length > 0 ? $"{path} {sub.Name}" : sub.Name))
                yield return found;
        }
    }

    private static string Words(Command command, Command root) => string.Join(' ',
    [
        .. command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name),
        .. command.Arguments.Select(Arguments),
        .. command.Options.Where(o => !o.Hidden && o.Name.StartsWith("--", StringComparison.Ordinal)).Select(o => o.Name),
        .. command == root ? [] : root.Options.Where(o => o.Recursive && !o.Hidden && o.Name.StartsWith("--", StringComparison.Ordinal)).Select(o => o.Name),
    ]);

    private static string Arguments(Argument argument) => argument.Name switch
    {
        "recipe" or "a" or "b" => $"{Recipes} {Files}",
        "run" => RunNames,
        "run|file" => $"{RunNames} {Files}",
        "method" => string.Join(' ', MethodCatalog.All.Select(m => m.Name)),
        "shell" => "bash zsh",
        "name" => string.Join(' ', DatasetArchive.All.Select(a => a.Name)),
        _ => Files,
    };

    private static string Values(Option option) => option.Name switch
    {
        "--recipe" or "--views" => $"{Recipes} {Files}",
        "--run" or "--against" => RunNames,
        "--set" => string.Join(' ', Keys(typeof(Recipe), "")),
        "--split" => "train test val",
        "--device" => "cpu cuda",
        "--precision" => $"{WorkersRecipe.Float32} {WorkersRecipe.BFloat16}",
        _ => Files,
    };

    /// <summary><c>optimizer.learningRate=</c> and the like; of lists the first element's.</summary>
    private static IEnumerable<string> Keys(Type type, string path)
    {
        foreach (var (key, property) in RecipeKeys.Of(type))
        {
            var isList = property.PropertyType.IsGenericType && property.PropertyType.GetGenericArguments()[0].Namespace == typeof(Recipe).Namespace;
            var inner = isList ? property.PropertyType.GetGenericArguments()[0] : property.PropertyType;
            if (inner.Namespace != typeof(Recipe).Namespace)
            {
                yield return $"{path}{key}=";
                continue;
            }

            foreach (var below in Keys(inner, isList ? $"{path}{key}.0." : $"{path}{key}."))
                yield return below;
        }
    }

    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
