namespace Foreign;

/// <summary>Of a namespace that no host of the suite allows to travel.</summary>
public sealed class ForeignException(string message) : Exception(message);
