using SslOrleans.Client;
using SslOrleans.Client.CommandLine;
using SslOrleans.Learning.Native;

GlibcHeap.RestartWithSettings();

// The first Ctrl-C lets the step under way commit; the second ends the process at once. A terminal sends Ctrl-C to worker
// processes too; those leave it to the process that started them, which needs them to end the step.
using var interruption = new Interruption(ignoreInterrupt: args.Contains("--parent"));
return await SsloProgram.RunAsync(args, Screen.OfProcess(), interruption);
