// What a visit found on the device owes: a kill between storing the visit and storing the entry loses nothing.
import { describe, expect, it } from 'vitest';
import type { What } from '@/api/outbox';
import type { WorklistPerson } from '@/api/types';
import { dangerEntries, forgotten } from '@/features/screening/owed';
import type { LocalAlarm, Run, Visit } from '@/features/screening/visit';

const AT = '2026-11-21T06:32:06Z';
const NOW = Date.parse(AT);
const person: WorklistPerson = {
  id: 'p1',
  name: '王秀英',
  sex: 'F',
  age: 71,
  address: null,
  phone_tail: null,
  modifiers: [],
  consent_withdrawn_at: null,
};
const run = (screening_id: string, more: Partial<Run> = {}): Run => ({
  screening_id,
  scale: { code: 'phq9', version: '1.0.0' },
  answers: { q9: 2 },
  cursor: null,
  item_ms: {},
  started_at: AT,
  finished_at: AT,
  device: { tier: 4, scale_hash: 'h', policy: 'p' },
  ...more,
});
const alarm: LocalAlarm = { id: 'a1', screening_id: 's1', priority: 'P2', at: AT, how: 'rules' };
const visit = (more: Partial<Visit>): Visit => ({
  id: 'v1',
  target_id: 't1',
  person,
  todo: [],
  runs: [],
  phase: 'result',
  consent: null,
  mode: 'self',
  locale: 'zh-CN',
  started_at: AT,
  touched_at: AT,
  danger: { act_under_way: null, means_within_reach: null, alone: null },
  steps_done: [],
  ...more,
});
const owes = (found: Visit, known: string[] = [], now = NOW) =>
  forgotten(found, now, (what: What, subject) => known.includes(`${what}:${subject}`));
const ids = (...args: Parameters<typeof owes>) => owes(...args).map((entry) => `${entry.what}:${entry.subject}`);

describe('a visit found after a crash', () => {
  it('owes every finished run and its alarm, the alarm first and covered by the answers', () => {
    const found = visit({ runs: [run('s1'), run('s2', { finished_at: undefined })], alarm });
    expect(ids(found)).toEqual(['alarm:a1', 'screening:s1']);
    expect(owes(found)[0]?.covered_by).toBe('screening:s1');
    expect(owes(found)[1]?.body).toMatchObject({ person_id: 'p1', answers: { q9: 2 }, device: { tier: 4 } });
  });

  it('owes nothing that the outbox knows, in whatever state', () => {
    const found = visit({ runs: [run('s1'), run('s2')], alarm });
    expect(ids(found, ['alarm:a1', 'screening:s1'])).toEqual(['screening:s2']);
    expect(ids(found, ['alarm:a1', 'screening:s1', 'screening:s2'])).toEqual([]);
  });

  it('says again what was sent, to the letter, however far the visit has gone on', () => {
    const before = visit({ runs: [run('s1')] });
    const after = visit({ runs: [run('s1'), run('s2')], phase: 'result', suggestion: { tier: 1 } as never });
    expect(owes(after, ['screening:s2'])).toEqual(owes(before));
  });

  it('keeps the clock by which its times were taken, though the clock was set since', () => {
    const found = visit({ runs: [run('s1')], alarm, clock_offset: -360_000 });
    expect(owes(found).map((entry) => entry.clock_offset)).toEqual([-360_000, -360_000]);
  });

  it('sends the alarm of a word of the worker by itself', () => {
    const word: LocalAlarm = { id: 'a2', priority: 'P1', at: AT, how: 'word' };
    expect(owes(visit({ alarm: word }))).toMatchObject([{ subject: 'a2', covered_by: undefined }]);
  });

  it('owes what the worker saw, with the alarm as loud as it made it, but does not ring for a danger long over', () => {
    const danger = { act_under_way: null, means_within_reach: true, alone: null };
    const loud = visit({ runs: [run('s1')], alarm: { ...alarm, priority: 'P1' }, danger });
    const known = ['alarm:a1', 'screening:s1'];
    expect(owes(loud, known)).toMatchObject(dangerEntries(visit({ runs: [run('s1')], alarm }), loud, 's1'));
    expect(ids(loud, known, NOW + 40 * 3_600_000)).toEqual([]);
    expect(ids(loud, [...known, 'danger:s1'])).toEqual([]);
  });
});
