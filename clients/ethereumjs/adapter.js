// ethereumjs's own skeleton and beacon sync behind the adapter protocol: node adapter.js DIRECTORY
// DIRECTORY is where `build` has installed @ethereumjs/client.
import { serve } from "../node/src/index.js";
import { Case } from "./src/case.js";
import { load } from "./src/ethereumjs.js";

const ethereumjs = await load(process.argv[2]);

// The client logs what nobody catches and goes on (bin/cli.js).
process.on("uncaughtException", (error) => console.error(`uncaught: ${error?.stack ?? error}`));

serve({
  name: "ethereumjs",
  version: ethereumjs.version,
  families: ["skeleton"],
  observes: { events: true, gauges: false, restart: true },
  begin: ({ start, out }) => Case.begin(ethereumjs, start, out),
});
