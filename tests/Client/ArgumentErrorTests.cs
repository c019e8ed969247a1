namespace SslOrleans.Client.Tests;

public class ArgumentErrorTests
{
    [Theory]
    [InlineData("unknown command \"tarin\" of sslo; did you mean \"train\"?", "tarin")]
    [InlineData("unknown command \"sho\" of sslo recipe; did you mean \"show\"?", "recipe", "sho", "x")]
    [InlineData("unknown option \"--stpes\" of sslo train; did you mean \"--steps\"?", "train", "r.jsonc", "--stpes", "3")]
    [InlineData("unknown option \"--jsno\" of sslo methods; did you mean \"--json\"?", "methods", "--jsno")]
    [InlineData("unknown option \"--stpes\" of sslo train; did you mean \"--steps\"?", "train", "--stpes")]
    [InlineData("takes no argument \"extra\"", "methods", "simclr", "extra")]
    [InlineData("method \"simcrl\" is unknown; the nearest known one is \"simclr\"", "methods", "simcrl")]
    [InlineData("Required argument", "train")]
    [InlineData("a whole number", "train", "r.jsonc", "--steps", "many")]
    [InlineData("sslo data --help", "data")]
    [InlineData("--targets has \"wrokers\"; name workers, parameters, first or storage", "chaos", "simclr-cifar10", "--data", "nowhere", "--targets", "parameters,wrokers")]
    [InlineData("--partitions is -1; give 0 or more", "chaos", "simclr-cifar10", "--data", "nowhere", "--partitions", "-1")]
    [InlineData("--faults has \"7\"; name cut, mute, deaf, lossy, narrow, late or disordered", "chaos", "simclr-cifar10", "--data", "nowhere", "--faults", "cut,7")]
    [InlineData("--fault-seconds is -1; give up to 600 seconds", "chaos", "simclr-cifar10", "--data", "nowhere", "--partitions", "1", "--hosts", "3", "--fault-seconds", "-1")]
    [InlineData("--azurite nowhere: there is no such file", "chaos", "simclr-cifar10", "--data", "nowhere", "--targets", "workers,storage", "--azurite", "nowhere")]
    [InlineData("--data azure:images needs another; give a folder", "chaos", "simclr-cifar10", "--data", "azure:images", "--targets", "storage")]
    public async Task A_wrong_call_is_answered_with_one_line_and_2(string expected, params string[] args)
    {
        var call = await Invocation.Of(args);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.StartsWith("sslo: ", call.ErrorLine);
        Assert.Equal("", call.Output);
    }

    [Theory]
    [InlineData("--steps is 0; give a number of steps above 0", "--steps", "0")]
    [InlineData("--steps is -3", "--steps", "-3")]
    [InlineData("--epochs is 0; give a number above 0", "--epochs", "0")]
    [InlineData("--steps and --epochs both say how long to train", "--steps", "3", "--epochs", "3")]
    [InlineData("--run is \"../up\"", "--run", "../up", "--data", "nowhere")]
    [InlineData("unknown key \"optimizer.lr\"", "--set", "optimizer.lr=3")]
    [InlineData("names no data set; give --data PATH", "--steps", "1")]
    public async Task Train_refuses_before_it_writes_anything(string expected, params string[] args)
    {
        using var folder = new TestFolder();
        var runs = folder.In("runs");

        var call = await Invocation.Of(["train", "simclr-cifar10", "--runs", runs, .. args]);

        Assert.Equal(2, call.Code);
        Assert.Contains(expected, call.ErrorLine);
        Assert.False(Directory.Exists(runs));
    }

    [Theory]
    [InlineData]
    [InlineData("--help")]
    [InlineData("train", "--help")]
    public async Task Help_is_no_error(params string[] args)
    {
        var call = await Invocation.Of(args);

        Assert.Equal(0, call.Code);
        Assert.Contains("Usage:", call.Output);
        Assert.Equal("", call.Error);
    }

    [Fact]
    public async Task An_interrupted_command_ends_with_130()
    {
        using var folder = new TestFolder();
        using var interruption = new CommandLine.Interruption(listen: false);
        interruption.Interrupt();

        var call = await Invocation.Of(interruption, "recipe", "list");

        Assert.Equal(130, call.Code);
    }
}
