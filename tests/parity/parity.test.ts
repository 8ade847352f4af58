// Every golden case of every scale through rules.wasm and through the same crate built natively: the answers must be
// the same to the byte. That they are what the case expects is tested natively and through the page's own loader.
//   RULES_WASM    the module          (web-console/public/rules.wasm)
//   RULES_NATIVE  the native program  (example "answer" of rules-wasm)

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

declare const describe: (name: string, body: () => void) => void;
declare const it: (name: string, body: () => void) => void;
declare const expect: (value: unknown) => { toBe(other: unknown): void; toEqual(other: unknown): void };

type Json = Record<string, unknown>;
type Case = { name: string; person?: Json; answers: Json };
type Exports = {
  memory: WebAssembly.Memory;
  alloc(len: number): number;
  free(address: number, len: number): void;
  call(address: number, len: number): bigint;
};

const root = join(import.meta.dirname, "../..");
const module = new WebAssembly.Module(readFileSync(process.env.RULES_WASM ?? join(root, "web-console/public/rules.wasm")));

function openWasm(): (request: string) => string {
  const { memory, alloc, free, call } = new WebAssembly.Instance(module).exports as unknown as Exports;
  return (request) => {
    const bytes = new TextEncoder().encode(request);
    const address = alloc(bytes.length);
    new Uint8Array(memory.buffer, address, bytes.length).set(bytes);
    const packed = BigInt.asUintN(64, call(address, bytes.length));
    const [at, length] = [Number(packed >> 32n), Number(packed & 0xffff_ffffn)];
    const answer = new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(memory.buffer, at, length));
    free(address, bytes.length);
    free(at, length);
    return answer;
  };
}

function native(requests: string[]): string[] {
  const program = process.env.RULES_NATIVE;
  if (!program) throw new Error("RULES_NATIVE is not set: run scripts/test.sh parity");
  const output = execFileSync(program, { input: requests.join("\n"), maxBuffer: 1 << 28 }).toString("utf8");
  return output.trimEnd().split("\n");
}

function newestOf(code: string): { text: string; version: string } {
  const versions = readdirSync(join(root, "scales", code)).filter((file) => /^\d+\.\d+\.\d+\.json$/.test(file));
  const newest = versions.sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1);
  if (!newest) throw new Error(`scales/${code} has no version`);
  return { text: readFileSync(join(root, "scales", code, newest), "utf8"), version: newest.replace(".json", "") };
}

const policy = JSON.stringify({
  op: "load_policy",
  policy: JSON.parse(readFileSync(join(root, "backend/rules/policies/triage/default/1.0.0.json"), "utf8")),
});
const codes = readdirSync(join(root, "scales"), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

for (const code of codes) {
  const { text, version } = newestOf(code);
  const load = `{"op":"load_scale","definition":${text.replaceAll("\n", " ")}}`;
  const cases: Case[] = readFileSync(join(root, "scales", code, "cases.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line.trim())
    .map((line) => JSON.parse(line));
  const requests = cases.map(({ person, answers }) =>
    JSON.stringify({ op: "score", code, version, person: person ?? {}, answers }),
  );

  describe(code, () => {
    const ask = openWasm();
    const [nativeLoaded, ...nativeAnswers] = native([load, ...requests]);
    it("loads alike", () => expect(ask(load)).toBe(nativeLoaded));
    cases.forEach((golden, index) => {
      it(golden.name, () => {
        expect(ask(requests[index] as string)).toBe(nativeAnswers[index]);
      });
    });
    it("what is asked is the same at every step", () => {
      const steps = cases.flatMap(({ person, answers }) => {
        const given = Object.entries(answers);
        return given.map((_, count) => Object.fromEntries(given.slice(0, count + 1))).map((soFar) =>
          JSON.stringify({ op: "asked", code, version, person: person ?? {}, answers: soFar }),
        );
      });
      expect(steps.map(ask)).toEqual(native([load, ...steps]).slice(1));
    });
    it("a batch with tiers, and a suggestion for every result, are the same", () => {
      const rows = cases.map(({ person, answers }, id) => ({ id, person: person ?? {}, answers }));
      const suggestions = nativeAnswers
        .map((answer) => JSON.parse(answer) as Json)
        .filter((answer) => !answer.error)
        .map((result) => JSON.stringify({ op: "suggest", case: { results: [result], age: 34, live: true } }));
      const asked = [policy, JSON.stringify({ op: "score_many", code, version, rows }), ...suggestions];
      const answers = native([load, ...asked]).slice(1);
      expect(asked.map(ask)).toEqual(answers);
      expect(answers.filter((answer) => answer.startsWith('{"error"'))).toEqual([]);
    });
  });
}

describe("what is not known is read alike", () => {
  const ask = openWasm();
  const severe = Object.fromEntries([1, 2, 3, 4, 5, 6, 7, 8].map((n) => [`q${n}`, 3]));
  const visits: [string, Json, number, string][] = [
    ["c_ssrs_screener", { q1: 1, q2: 1 }, 3, "second_look.pending_longer"],
    ["phq9", severe, 3, "phq9_20"],
    ["phq9", { q1: 1 }, 1, "doubtful.incomplete"],
  ];
  for (const [code, answers, tier, row] of visits) {
    it(`${code} with ${Object.keys(answers).length} answers`, () => {
      const { text, version } = newestOf(code);
      const load = JSON.stringify({ op: "load_scale", definition: JSON.parse(text) });
      const score = JSON.stringify({ op: "score", code, version, person: {}, answers });
      const result = JSON.parse(native([load, score])[1] as string);
      const suggest = JSON.stringify({ op: "suggest", case: { results: [result], age: 34, live: true } });
      const asked = [load, policy, score, suggest];
      expect(asked.map(ask)).toEqual(native(asked));
      const said = JSON.parse(ask(suggest));
      expect([said.tier, said.reasons[0].row]).toEqual([tier, row]);
    });
  }
});

describe("what is no request", () => {
  const odd = ["", "[]", "{}", '{"op":"score"}', '{"op":"no_such"}', '{"op":"score","code":"none","version":"1.0.0"}', "\u0000", '"心灯"'];
  const ask = openWasm();
  const answers = native(odd);
  odd.forEach((request, index) => {
    it(`${JSON.stringify(request)} is answered with an error, natively and in the page`, () => {
      const answer = ask(request);
      expect(answer).toBe(answers[index]);
      expect(Object.keys(JSON.parse(answer))).toEqual(["error"]);
    });
  });
  it("memory is given back", () => {
    const { memory, alloc, free, call } = new WebAssembly.Instance(module).exports as unknown as Exports;
    const once = () => {
      const address = alloc(1000);
      const packed = BigInt.asUintN(64, call(address, 1000));
      free(address, 1000);
      free(Number(packed >> 32n), Number(packed & 0xffff_ffffn));
    };
    for (let i = 0; i < 100; i++) once();
    const before = memory.buffer.byteLength;
    for (let i = 0; i < 20_000; i++) once();
    expect(memory.buffer.byteLength).toBe(before);
  });
  it("an address that was never lent is answered, not followed", () => {
    const { memory, call } = new WebAssembly.Instance(module).exports as unknown as Exports;
    const packed = BigInt.asUintN(64, call(12345, 678));
    const answer = new Uint8Array(memory.buffer, Number(packed >> 32n), Number(packed & 0xffff_ffffn));
    expect(JSON.parse(new TextDecoder().decode(answer)).error.code).toBe("no_such_buffer");
  });
});
