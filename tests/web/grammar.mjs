// The grammar that Python gives to the page, from the file that MODA_GRAMMAR names.
import fs from "node:fs";

export const grammar = JSON.parse(fs.readFileSync(process.env.MODA_GRAMMAR, "utf8"));
