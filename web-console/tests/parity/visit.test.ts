// A visit on the tablet with the real rules: the second look starts by itself, danger is known before any network.
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Rules } from '@/api/rules';
import type { ScaleDefinition } from '@/api/scale';
import type { AnswerCode, Target } from '@/api/types';
import { dangerEntries } from '@/features/screening/owed';
import {
  answer,
  caseOf,
  currentRun,
  finishRun,
  lookState,
  moveTo,
  position,
  type Run,
  startRun,
  startVisit,
  type Visit,
} from '@/features/screening/visit';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const AT = '2026-11-21T06:32:06Z';

const scales = new Map<string, ScaleDefinition>();
let rules: Rules;
beforeAll(async () => {
  rules = await Rules.load(readFileSync(new URL('web-console/public/rules.wasm', ROOT)));
  for (const code of ['phq9', 'phq2', 'gad7', 'c_ssrs_screener', 'asq']) {
    const scale = read(`scales/${code}/1.0.0.json`);
    rules.loadScale(scale);
    scales.set(code, JSON.parse(scale) as ScaleDefinition);
  }
  rules.loadPolicy(JSON.parse(read('backend/rules/policies/triage/default/1.0.0.json')));
});

const target = (codes: string[], age: number | null = 71): Target => ({
  id: '0193dddd-0000-7000-8000-000000000001',
  campaign_id: '0193cccc-0000-7000-8000-000000000001',
  campaign_title: '',
  person: {
    id: '0193bbbb-0000-7000-8000-000000000001',
    name: 'x',
    sex: 'F',
    age,
    address: null,
    phone_tail: null,
    modifiers: [],
    consent_withdrawn_at: null,
  },
  scales: codes.map((code) => ({ code, version: '1.0.0' })),
  due_on: '2026-11-30',
  done: null,
  state: 'todo',
});
let made = 0;
const newId = () => `0193eeee-0000-7000-8000-${String(++made).padStart(12, '0')}`;
const begin = (codes: string[], age?: number) =>
  startRun(startVisit(target(codes, age), { visit: newId() }, AT, 'zh-CN'), newId(), AT);

/** Answers every question that is asked, and ends the run. */
function play(visit: Visit, choose: (id: string) => AnswerCode | null, brokenOff = false) {
  const run = currentRun(visit);
  const scale = run && scales.get(run.scale.code);
  if (run === undefined || scale === undefined) throw new Error('nothing is being asked');
  let now = visit;
  for (let index = 0; !brokenOff; index++) {
    const open = currentRun(now);
    const item = open && position(rules, open, scale, now).items[index];
    if (item === undefined) break;
    now = moveTo(answer(now, item.id, choose(item.id), 900, AT), item.id, AT);
  }
  const done = finishRun(now, brokenOff, AT, { rules, scale, newId, versionOf: (code) => scales.get(code)?.version });
  if (done === null) throw new Error('nothing to finish');
  return done;
}

describe('a visit', () => {
  it('starts the second look at once after a critical answer, and knows danger before any network', () => {
    const first = play(begin(['phq9']), (id) => (id === 'q9' ? 2 : 1));
    expect(first.visit.phase).toBe('run');
    expect(currentRun(first.visit)).toMatchObject({
      scale: { code: 'c_ssrs_screener' },
      look_of: first.run.screening_id,
    });
    expect(first.visit.alarm).toBeUndefined();
    expect(first.body.device).toMatchObject({ tier: 3, policy: 'default@1.0.0' });

    const look = play(first.visit, (id) => (id === 'q6' ? 0 : 1));
    expect(look.visit).toMatchObject({ phase: 'thanks', suggestion: { tier: 4, priority: 'P1' } });
    expect(look.visit.alarm).toMatchObject({ id: rules.alarmId(first.run.screening_id), priority: 'P1', how: 'rules' });
    expect(look.body).toMatchObject({
      look_of: first.run.screening_id,
      target_id: undefined,
      scale: 'c_ssrs_screener',
    });
  });

  it('asks the look of children with the scale for children', () => {
    const first = play(begin(['phq9'], 13), (id) => (id === 'q9' ? 1 : 0));
    expect(currentRun(first.visit)?.scale.code).toBe('asq');
  });

  it('ends a quiet visit without a look and without an alarm', () => {
    const done = play(begin(['gad7']), () => 0);
    expect(done.visit).toMatchObject({ phase: 'thanks', suggestion: { tier: 0 } });
    expect(done.visit.alarm).toBeUndefined();
  });

  it('never reads an incomplete form as "nothing found"', () => {
    const done = play(begin(['gad7']), (id) => (id === 'q7' ? null : 0));
    expect(done.run.scored?.scores.total?.status).toBe('incomplete');
    expect(done.visit.suggestion?.tier).toBeGreaterThanOrEqual(1);
  });

  it('takes a refused look as not known, never as safe', () => {
    const first = play(begin(['phq9']), (id) => (id === 'q9' ? 2 : 0));
    const refused = play(first.visit, () => null, true);
    expect(lookState(refused.visit)).toBe('refused');
    expect(refused.body).toMatchObject({ broken_off: true, look_refused: true });
    expect(refused.visit.suggestion?.tier).toBe(3);
  });

  it('never reads a look that was broken off after a yes as low', () => {
    let visit = begin(['c_ssrs_screener']);
    for (const item of ['q1', 'q2']) visit = answer(visit, item, 1, 500, AT);
    const scale = scales.get('c_ssrs_screener') as ScaleDefinition;
    const done = finishRun(visit, true, AT, { rules, scale, newId, versionOf: (code) => scales.get(code)?.version });
    expect(done?.visit).toMatchObject({ phase: 'thanks', suggestion: { tier: 3, first_contact_secs: 14_400 } });
  });

  it('counts what a sum has reached though an answer is missing', () => {
    const done = play(begin(['phq9']), (id) => (id === 'q9' ? null : 3));
    expect(done.run.scored?.scores.total?.status).toBe('incomplete');
    expect(done.visit.suggestion?.tier).toBe(3);
    expect(done.visit.suggestion?.reasons[0]?.row).toBe('phq9_20');
  });

  it('raises to P1 by what the worker sees, and never lowers', () => {
    const first = play(begin(['phq9']), (id) => (id === 'q9' ? 2 : 1));
    // High by intent (q4) without a plan (q5): P2 until the worker looks around.
    const look = play(first.visit, (id) => (id === 'q5' || id === 'q6' ? 0 : 1));
    expect(look.visit.suggestion?.priority).toBe('P2');
    const alone = rules.suggest(
      caseOf({ ...look.visit, danger: { act_under_way: false, means_within_reach: false, alone: true } }),
    );
    expect(alone.priority).toBe('P1');
    const nothing = rules.suggest(
      caseOf({ ...look.visit, danger: { act_under_way: false, means_within_reach: false, alone: false } }),
    );
    expect(nothing.priority).toBe('P2');
  });

  it('starts the long form when the short one asks for it', () => {
    const done = play(begin(['phq2']), () => 3);
    expect(currentRun(done.visit)?.scale.code).toBe('phq9');
  });

  it('leaves out answers to questions that a later change of mind has hidden', () => {
    let visit = begin(['c_ssrs_screener']);
    const say = (id: string, code: number) => {
      visit = answer(visit, id, code, 500, AT);
    };
    say('q2', 1);
    say('q3', 1);
    say('q2', 0);
    const scale = scales.get('c_ssrs_screener') as ScaleDefinition;
    const done = finishRun(visit, true, AT, { rules, scale, newId, versionOf: () => undefined });
    expect(Object.keys(done?.body.answers ?? {})).toEqual(['q1', 'q2', 'q6', 'q6a']);
  });

  it('asks what the rules would count, and goes on asking what nobody has ruled out', () => {
    const scale = scales.get('c_ssrs_screener') as ScaleDefinition;
    const asked = (answers: Record<string, number | null>) => {
      const visit = begin(['c_ssrs_screener']);
      const run = { ...visit.runs[0], answers } as Run;
      return position(rules, run, scale, visit).items.map((item) => item.id);
    };
    expect(asked({ q1: 0, q2: 0, q6: 0 })).toEqual(['q1', 'q2', 'q6']);
    expect(asked({ q1: 0, q2: null })).toEqual(['q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'q6a']);
    expect(asked({ q2: 9 })).toEqual(scale.items.map((item) => item.id));
  });

  it('owes the server a louder alarm and the facts, when the worker sees more', () => {
    const first = play(begin(['phq9']), (id) => (id === 'q9' ? 2 : 1));
    const { visit } = play(first.visit, (id) => (id === 'q5' || id === 'q6' ? 0 : 1));
    const id = visit.alarm?.screening_id ?? '';
    const danger = { act_under_way: null, means_within_reach: true, alone: null };
    const quiet: Visit = { ...visit, danger: { ...danger, means_within_reach: false } };
    expect(dangerEntries(visit, quiet, id).map((entry) => entry.what)).toEqual(['danger']);
    const loud = { ...visit, danger, alarm: visit.alarm && { ...visit.alarm, priority: 'P1' as const } };
    expect(dangerEntries(visit, loud, id)).toMatchObject([
      { what: 'alarm', subject: visit.alarm?.id, body: { priority: 1 }, covered_by: `danger:${id}` },
      { what: 'danger', subject: id, body: danger },
    ]);
  });
});
