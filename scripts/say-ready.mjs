// Prints the addresses and the demo accounts: node scripts/say-ready.mjs READY-LINE DEMO.JSON
import { readFileSync } from "node:fs";

const ready = JSON.parse(process.argv[2]);
const demo = JSON.parse(readFileSync(process.argv[3], "utf8"));
const width = (key) => Math.max(...demo.accounts.map((account) => account[key].length));

console.log(`
  晴川市 · the demo city (everyone in it is invented)

  pages    ${ready.listen}
           ${ready.listen}/t  field tablet      ${ready.listen}/d  dispatch board
  metrics  ${ready.admin}/metrics

  ${"login".padEnd(width("login"))}  ${"password".padEnd(width("password"))}  role`);
for (const { login, password, role } of demo.accounts) {
  console.log(`  ${login.padEnd(width("login"))}  ${password.padEnd(width("password"))}  ${role}`);
}
console.log();
