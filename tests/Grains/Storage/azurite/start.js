// Closes with the process that holds the other end of its input, so that a killed test leaves no server behind.
const close = () => process.kill(process.pid, "SIGTERM");
process.stdin.resume();
process.stdin.on("end", close);
process.stdin.on("error", close);
require(`azurite/dist/src/${process.argv.includes("--tablePort") ? "table" : "blob"}/main`);
