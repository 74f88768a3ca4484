// Read texts of scripts and timelines, a JSON list on the input, and write what was read.
import fs from "node:fs";

import { reading } from "./reading.mjs";

console.log(JSON.stringify(JSON.parse(fs.readFileSync(0, "utf8")).map(reading)));
