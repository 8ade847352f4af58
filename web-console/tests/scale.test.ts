// Which questions never pass by themselves, and the order of the list.
import { describe, expect, it } from 'vitest';
import { newId } from '@/api/ids';
import { criticalItems, type ScaleDefinition } from '@/api/scale';
import type { Target } from '@/api/types';
import { sortTargets } from '@/features/screening/listOrder';

const YES_NO = [
  { code: 1, score: 1 },
  { code: 0, score: 0 },
];
const screener: ScaleDefinition = {
  code: 'look',
  version: '1.0.0',
  title: {},
  options: { yes_no: YES_NO },
  items: [
    { id: 'q2', options: 'yes_no' },
    { id: 'q3', options: 'yes_no', show_if: { eq: ['q2', 1] } },
    { id: 'q6', options: 'yes_no' },
    { id: 'q6a', options: 'yes_no', show_if: { all: [{ answered: 'q6' }, { not: { eq: ['raw.q6', 0] } }] } },
    { id: 'q7', options: 'yes_no', sex: 'F' },
  ],
  critical: [{ id: 'any', if: { any: [{ ge: ['q2', 1] }, { eq: ['raw.q6a', 1] }] } }],
};

describe('a scale', () => {
  it('knows the items that a critical rule reads', () => {
    expect([...criticalItems(screener)].sort()).toEqual(['q2', 'q6a']);
  });
});

describe('the list', () => {
  const target = (id: string, due_on: string, state: 'todo' | 'done' = 'todo'): Target => ({
    id,
    campaign_id: 'c',
    campaign_title: '',
    person: {
      id,
      name: `person ${id}`,
      sex: 'F',
      age: 50,
      address: 'street 1',
      phone_tail: '2087',
      modifiers: [],
      consent_withdrawn_at: null,
    },
    scales: [],
    due_on,
    done: null,
    state,
  });
  it('puts what is overdue first and the rest by due date', () => {
    const parts = sortTargets(
      [target('c', '2026-11-30'), target('b', '2026-11-22'), target('a', '2026-11-20')],
      [],
      '2026-11-22',
      '',
    );
    expect(parts.overdue.map((each) => each.id)).toEqual(['a']);
    expect(parts.today.map((each) => each.id)).toEqual(['b', 'c']);
  });
  it('finds by name, address and the last four of the phone', () => {
    const all = [target('a', '2026-11-30'), target('b', '2026-11-30')];
    for (const what of ['2087', 'street', 'PERSON A'])
      expect(sortTargets(all, [], '2026-11-22', what).today.length).toBeGreaterThan(0);
    expect(sortTargets(all, [], '2026-11-22', 'nobody').today).toEqual([]);
  });
});

it('makes UUIDv7 ids that sort by time', () => {
  const earlier = newId(1_700_000_000_000);
  const later = newId(1_700_000_000_001);
  expect(earlier).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(earlier < later).toBe(true);
});
