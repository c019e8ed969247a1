namespace SslOrleans.Client.Tests;

/// <summary><c>--json</c>: one object a line on standard output and nothing else, of every command that needs no cluster and no encoder.</summary>
public sealed class JsonOutputTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Theory]
    [InlineData("recipe schema")]
    [InlineData("recipe list")]
    [InlineData("recipe show simclr-cifar10")]
    [InlineData("recipe check simclr-cifar10-quick")]
    [InlineData("recipe diff simclr-cifar10 simclr-cifar10")]
    [InlineData("recipe diff simclr-cifar10 simclr-cifar10-quick")]
    [InlineData("methods")]
    [InlineData("methods simclr")]
    [InlineData("doctor")]
    [InlineData("completion bash")]
    [InlineData("study")]
    [InlineData("simulate")]
    [InlineData("data generate FOLDER/images --train 20 --test 4")]
    [InlineData("data generate FOLDER/text --modality text --train 20 --test 4")]
    [InlineData("data generate FOLDER/table --modality table --train 20 --test 4")]
    [InlineData("key FOLDER/key")]
    public async Task Every_line_is_an_object(string line)
    {
        var call = await Invocation.Of([.. line.Split(' ').Select(w => w.Replace("FOLDER", _folder.Path, StringComparison.Ordinal)), "--json"]);
        Assert.True(call.Code is 0 or 3, call.Error);
        Assert.NotEmpty(call.JsonLines);
        Assert.All(call.JsonLines, l => Assert.Equal(System.Text.Json.JsonValueKind.Object, l.ValueKind));
    }

    public void Dispose() => _folder.Dispose();
}
