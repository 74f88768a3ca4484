// The style sheet holds plain rules, none inside another: a brace that is missing would join two.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

const sheet = fs.readFileSync(new URL("../../web/js/views.css", import.meta.url), "utf8");

test("every rule is closed before the next one begins", () => {
  const braces = sheet.replace(/\/\*[^]*?\*\//g, "").match(/[{}]/g).join("");
  assert.match(braces, /^(\{\})+$/);
});

test("every rule is about the pack's own elements", () => {
  const rules = sheet.replace(/\/\*[^]*?\*\//g, "").matchAll(/(?:^|\})([^{}]+)\{/g);
  for (const [, selectors] of rules) {
    for (const selector of selectors.split(/,(?![^(]*\))/)) assert.match(selector, /\.moda-/);
  }
});
