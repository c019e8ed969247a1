using SslOrleans.Contracts;
using SslOrleans.Grains.Storage;

namespace SslOrleans.Grains.Tests.Storage;

/// <summary>What a location opens, and what is said about one that does not; sets the process's environment.</summary>
[Collection("environment")]
public sealed class RunStorageTests : IDisposable
{
    private const string Secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ=";
    private readonly string? _before = Environment.GetEnvironmentVariable(RunStorage.ConnectionStringVariable);

    public void Dispose() => Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, _before);

    private static void Set(string? connection) => Environment.SetEnvironmentVariable(RunStorage.ConnectionStringVariable, connection);

    [Fact]
    public void AFolderIsAFolder()
    {
        Assert.Equal(Path.GetFullPath("some/runs"), Assert.IsType<LocalRunStorage>(RunStorage.Open("some/runs")).Description);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("azure:container", "AZURE_STORAGE_CONNECTION_STRING is not set")]
    [InlineData("https://account.blob.core.windows.net/container", "AZURE_STORAGE_CONNECTION_STRING is not set")]
    [InlineData("http://account.blob.core.windows.net/container", "no https address")]
    [InlineData("ftp://account/container", "no https address")]
    [InlineData("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=" + Secret, "put it into AZURE_STORAGE_CONNECTION_STRING")]
    public void WhatCannotBeOpenedIsExplained(string location, string expected)
    {
        Set(null);
        var e = Assert.Throws<UserErrorException>(() => RunStorage.Open(location));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("azure:Container", "no name of a container")]
    [InlineData("azure:", "no name of a container")]
    [InlineData("azure:container/../other", "forbidden part")]
    [InlineData("https://other.blob.core.windows.net/container", "is not under https://account.blob.core.windows.net/")]
    public void AConnectionForSomethingElseIsExplained(string location, string expected)
    {
        Set($"DefaultEndpointsProtocol=https;AccountName=account;AccountKey={Secret};EndpointSuffix=core.windows.net");
        var e = Assert.Throws<UserErrorException>(() => RunStorage.Open(location));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("AccountName=a;AccountKey=" + Secret + "!!;EndpointSuffix=x")]
    public void AMalformedConnectionStringIsNotRepeated(string connection)
    {
        Set(connection);
        var e = Assert.Throws<UserErrorException>(() => RunStorage.Open("azure:container"));
        Assert.DoesNotContain(connection, e.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void ASignatureInAnAddressIsNotShown()
    {
        Set(null);
        var storage = RunStorage.Open("https://account.blob.core.windows.net/container/team?sv=2023-01-03&sig=c2VjcmV0");
        Assert.Equal("container container at account.blob.core.windows.net, folder team", storage.Description);
    }
}
