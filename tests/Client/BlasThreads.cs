namespace SslOrleans.Client.Tests;

/// <summary>
/// Tests that evaluate, and tests that compare bits, take turns: an evaluation uses every core, and the number of BLAS threads, which
/// decides the last bits, is the whole process's.
/// </summary>
[CollectionDefinition(nameof(BlasThreads))]
public sealed class BlasThreads;
