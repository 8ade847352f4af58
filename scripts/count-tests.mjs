// How many tests a runner says it ran: node scripts/count-tests.mjs KIND OUTPUT → "passed failed".
// KIND: nextest, cargo and scales are read from their printed output, vitest and playwright from OUTPUT.json.
import { readFileSync } from "node:fs";

const [kind, output] = process.argv.slice(2);
const text = () => readFileSync(output, "utf8").replaceAll(/\u001b\[[0-9;]*m/g, "");
const report = () => JSON.parse(readFileSync(`${output}.json`, "utf8"));
const sum = (pattern) => [...text().matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);

const counters = {
  nextest() {
    const passed = sum(/^ *Summary .*?(\d+) passed/gm);
    return [passed, sum(/^ *Summary .*?(\d+)(?:\/\d+)? tests? run/gm) - passed];
  },
  cargo: () => [sum(/^test result: .*?(\d+) passed/gm), sum(/^test result: .*?(\d+) failed/gm)],
  scales() {
    const [cases, differences] = [sum(/(\d+) cases, \d+ differences$/gm), sum(/\d+ cases, (\d+) differences$/gm)];
    return [Math.max(0, cases - differences), differences];
  },
  vitest: () => [report().numPassedTests, report().numFailedTests],
  playwright: () => [report().stats.expected + report().stats.flaky, report().stats.unexpected],
};

let numbers = [0, 0];
try {
  numbers = counters[kind]();
} catch (error) {
  console.error(`no result of ${kind} could be read: ${error.message}`);
}
console.log(numbers.join(" "));
