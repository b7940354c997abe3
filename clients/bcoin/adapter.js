// bcoin's own chain and pool behind the adapter protocol: node adapter.js DIRECTORY
// DIRECTORY is where `build` has installed bcoin.
import { serve } from "../node/src/index.js";
import { load } from "./src/bcoin.js";
import { Case } from "./src/case.js";

const bcoin = load(process.argv[2]);

serve({
  name: "bcoin",
  version: bcoin.version,
  families: ["headers-first"],
  observes: { events: true, gauges: false, restart: true },
  begin: ({ start, out }) => Case.begin(bcoin, start, out),
});
