// The golden answers of every scale through the WebAssembly module: what a tablet decides is what the server decides.
import { readdirSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Rules, type Scored } from '@/api/rules';
import type { ScaleDefinition } from '@/api/scale';
import type { Answers, Sex } from '@/api/types';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');

type Golden = {
  name: string;
  version?: string;
  person: { sex?: Sex; age?: number; education_years?: number };
  answers: Answers;
  expect: {
    error?: unknown;
    scores?: Record<string, { value?: number | null; status?: string; band?: string | null }>;
    critical?: string[];
    strong?: string[];
  };
};

const codes = readdirSync(new URL('scales/', ROOT), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

let rules: Rules;
beforeAll(async () => {
  rules = await Rules.load(readFileSync(new URL('web-console/public/rules.wasm', ROOT)));
});

describe.each(codes)('%s', (code) => {
  const versions = readdirSync(new URL(`scales/${code}/`, ROOT)).filter((file) => /^\d.*\.json$/.test(file));
  const newest = versions.sort().at(-1) ?? '';
  const text = read(`scales/${code}/${newest}`);
  const definition = JSON.parse(text) as ScaleDefinition;
  const cases = read(`scales/${code}/cases.jsonl`)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Golden);

  it.each(cases.map((each) => [each.name, each] as const))('%s', (_name, golden) => {
    rules.loadScale(text);
    const person = { sex: null, age: null, ...golden.person };
    const ask = () => rules.score({ code, version: golden.version ?? definition.version }, person, golden.answers);
    if (golden.expect.error !== undefined) {
      expect(ask).toThrow();
      return;
    }
    const scored = ask();
    for (const [id, wanted] of Object.entries(golden.expect.scores ?? {})) {
      expect([id, scored.scores[id]]).toEqual([id, expect.objectContaining(wanted)]);
    }
    if (golden.expect.critical !== undefined) expect(levels(scored).sort()).toEqual([...golden.expect.critical].sort());
    if (golden.expect.strong !== undefined)
      expect(levels(scored, 'strong').sort()).toEqual([...golden.expect.strong].sort());
  });
});

function levels(scored: Scored, only?: string): string[] {
  return scored.critical.filter((each) => only === undefined || each.level === only).map((each) => each.id);
}
