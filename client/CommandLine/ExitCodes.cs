namespace SslOrleans.Client.CommandLine;

/// <summary>What the process ends with.</summary>
public static class ExitCodes
{
    public const int Well = 0;

    /// <summary>It ran and the answer is no, or something broke.</summary>
    public const int Failed = 1;

    /// <summary>The call or a file that the user wrote is wrong; one line says what and how to mend it.</summary>
    public const int UserMistake = 2;

    /// <summary>Something must be installed first.</summary>
    public const int Missing = 3;
}
