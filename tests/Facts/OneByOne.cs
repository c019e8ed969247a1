namespace SslOrleans.Tests.Facts;

/// <summary>Facts about time and about threads: nothing runs beside them.</summary>
[CollectionDefinition(nameof(OneByOne), DisableParallelization = true)]
public sealed class OneByOne;
