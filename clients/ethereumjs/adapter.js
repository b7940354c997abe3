// ethereumjs's own skeleton and beacon sync behind the adapter protocol: node adapter.js DIRECTORY
// DIRECTORY is where `build` has installed @ethereumjs/client.
import { serve } from "../node/src/index.js";
import { Case } from "./src/case.js";
import { load, versionOf } from "./src/ethereumjs.js";

const [, , directory] = process.argv;
let ethereumjs;

// The client logs what nobody catches and goes on (bin/cli.js).
process.on("uncaughtException", (error) => console.error(`uncaught: ${error?.stack ?? error}`));

serve({
  name: "ethereumjs",
  version: versionOf(directory),
  families: ["skeleton"],
  // No skeleton in geth's form, no part of a block missing, no snap sync, no cut of the local chain.
  capabilities: [],
  observes: { events: true, gauges: false, restart: true },
  load: async () => (ethereumjs = await load(directory)),
  begin: ({ start, out }) => Case.begin(ethereumjs, start, out),
});
