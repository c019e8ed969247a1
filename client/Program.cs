using SslOrleans.Client.CommandLine;

// The first Ctrl-C lets the step under way commit; the second ends the process at once.
using var interruption = new Interruption();
return await SsloProgram.RunAsync(args, Screen.OfProcess(), interruption);
