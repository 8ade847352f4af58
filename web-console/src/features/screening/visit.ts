// One visit to one person: which scale is asked now, what was answered, what comes next. Pure; the rules decide.
import type { Case, Look, Rules, Scored } from '@/api/rules';
import type { ScaleDefinition, ScaleItem } from '@/api/scale';
import type {
  AnswerCode,
  Answers,
  Consent,
  Danger,
  Priority,
  ScaleRef,
  Screening,
  Suggestion,
  Target,
  Timestamp,
  Uuid,
  WorklistPerson,
} from '@/api/types';

export type Phase = 'consent' | 'handover' | 'run' | 'thanks' | 'result' | 'left';
export type Run = {
  screening_id: Uuid;
  scale: ScaleRef;
  look_of?: Uuid;
  answers: Answers;
  cursor: string | null;
  item_ms: Record<string, number>;
  started_at: Timestamp;
  finished_at?: Timestamp;
  broken_off?: boolean;
  scored?: Scored;
  /** What this tablet made of the answers when they were finished; sent with them, however often and late. */
  device?: Screening['device'];
};
export type LocalAlarm = {
  id: Uuid;
  screening_id?: Uuid;
  priority: Priority;
  at: Timestamp;
  how: 'rules' | 'word' | 'button';
};
export type Visit = {
  id: Uuid;
  target_id?: Uuid;
  campaign_id?: Uuid;
  person: WorklistPerson;
  todo: ScaleRef[];
  runs: Run[];
  phase: Phase;
  consent: Consent | null;
  mode: 'self' | 'interview';
  locale: string;
  started_at: Timestamp;
  touched_at: Timestamp;
  /** As the outbox keeps it for what this visit owes: known when it was stored. */
  clock_offset?: number;
  suggestion?: Suggestion;
  alarm?: LocalAlarm;
  /** The screening whose id makes the id of this visit's alarm: the first that called for one, now or later. */
  alarm_from?: Uuid;
  danger: Danger;
  steps_done: boolean[];
  rules_failed?: boolean;
  handed_to?: string;
};

export const GUARDIAN_UNTIL_AGE = 14;

export function startVisit(target: Target, ids: { visit: Uuid }, at: Timestamp, locale: string): Visit {
  return {
    id: ids.visit,
    target_id: target.id,
    campaign_id: target.campaign_id,
    person: target.person,
    todo: target.scales,
    runs: [],
    phase: 'consent',
    consent: null,
    mode: 'self',
    locale,
    started_at: at,
    touched_at: at,
    danger: { act_under_way: null, means_within_reach: null, alone: null },
    steps_done: [false, false, false, false],
  };
}

/** Now. Within a visit time never runs backwards, even if the clock is set back: its steps keep their order. */
export function timeIn(visit?: Visit, now: number = Date.now()): Timestamp {
  const at = new Date(now).toISOString();
  return visit !== undefined && visit.touched_at > at ? visit.touched_at : at;
}

export function currentRun(visit: Visit): Run | undefined {
  return visit.runs.find((run) => run.finished_at === undefined);
}

/** Starts the next scale that is to be asked, if there is one. */
export function startRun(visit: Visit, screeningId: Uuid, at: Timestamp, lookOf?: Uuid): Visit {
  const [scale, ...todo] = visit.todo;
  if (scale === undefined) return visit;
  const run: Run = {
    screening_id: screeningId,
    scale,
    look_of: lookOf,
    answers: {},
    cursor: null,
    item_ms: {},
    started_at: at,
  };
  return { ...visit, todo, runs: [...visit.runs, run], phase: 'run', touched_at: at };
}

export function respondent(visit: Visit) {
  return { sex: visit.person.sex, age: visit.person.age };
}

/** The items to ask, as far as the answers so far say. Where the rules cannot say, everything is asked. */
export function askedItems(rules: Rules, run: Run, scale: ScaleDefinition, visit: Visit): ScaleItem[] {
  try {
    const asked = new Set(rules.asked(scale, respondent(visit), run.answers));
    return scale.items.filter((item) => asked.has(item.id));
  } catch {
    return scale.items;
  }
}

/** The items of the run in order, and where the person is. */
export function position(
  rules: Rules,
  run: Run,
  scale: ScaleDefinition,
  visit: Visit,
): { items: ScaleItem[]; index: number } {
  const items = askedItems(rules, run, scale, visit);
  const index = run.cursor === null ? 0 : items.findIndex((item) => item.id === run.cursor);
  return { items, index: Math.max(0, index) };
}

export function answer(visit: Visit, itemId: string, code: AnswerCode | null, ms: number, at: Timestamp): Visit {
  return editRun(visit, at, (run) => ({
    ...run,
    answers: { ...run.answers, [itemId]: code },
    item_ms: { ...run.item_ms, [itemId]: (run.item_ms[itemId] ?? 0) + ms },
  }));
}

export function moveTo(visit: Visit, itemId: string, at: Timestamp): Visit {
  return editRun(visit, at, (run) => ({ ...run, cursor: itemId }));
}

function editRun(visit: Visit, at: Timestamp, edit: (run: Run) => Run): Visit {
  const runs = visit.runs.map((run) => (run.finished_at === undefined ? edit(run) : run));
  return { ...visit, runs, touched_at: at };
}

/** What is sent of the answers: only what was asked. Items hidden by a later change of mind are left out. */
export function answersToSend(rules: Rules, run: Run, scale: ScaleDefinition, visit: Visit): Answers {
  const sent: Answers = {};
  for (const item of askedItems(rules, run, scale, visit)) sent[item.id] = run.answers[item.id] ?? null;
  return sent;
}

export function lookState(visit: Visit): Look {
  const look = visit.runs.find((run) => run.look_of !== undefined);
  if (look === undefined) return visit.suggestion?.second_look ? 'pending' : 'not_needed';
  if (look.finished_at === undefined) return 'pending';
  if (look.broken_off !== true) return 'done';
  return hasAnswers(look) ? 'broken_off' : 'refused';
}

function hasAnswers(run: Run): boolean {
  return Object.values(run.answers).some((each) => each !== null);
}

export function caseOf(visit: Visit, wordOfWorker = visit.alarm?.how === 'word'): Case {
  return {
    results: visit.runs.flatMap((run) => (run.scored === undefined ? [] : [run.scored])),
    age: visit.person.age,
    declared_age: visit.consent?.declared_age ?? null,
    modifiers: visit.person.modifiers,
    history: {},
    second_look: lookState(visit),
    seen: { within_2h: true },
    live: true,
    danger: { ...visit.danger, word_of_worker: wordOfWorker },
  };
}

export type Finished = { visit: Visit; run: Run; body: Screening };
export type Known = {
  rules: Rules;
  scale: ScaleDefinition;
  newId: () => Uuid;
  versionOf: (code: string) => string | undefined;
};

/** The last answer of a scale: scored and judged here at once, and what to do next. Needs no network. */
export function finishRun(visit: Visit, brokenOff: boolean, at: Timestamp, known: Known): Finished | null {
  const open = currentRun(visit);
  if (open === undefined) return null;
  const answers = answersToSend(known.rules, open, known.scale, visit);
  let run: Run = { ...open, answers, finished_at: at, broken_off: brokenOff || undefined };
  const withRun = () => ({ ...visit, runs: visit.runs.map((each) => (each === open ? run : each)), touched_at: at });
  let next: Visit = withRun();
  try {
    run = { ...run, scored: known.rules.score(run.scale, respondent(visit), answers) };
    next = withRun();
    const suggestion = known.rules.suggest(caseOf(next));
    run = { ...run, device: { tier: suggestion.tier, scale_hash: run.scored?.hash ?? '', policy: suggestion.policy } };
    next = { ...withRun(), suggestion };
  } catch {
    // The server scores everything again; the worker is told that this tablet could not.
    next = { ...next, rules_failed: true };
  }
  next = withAlarm(next, run, at, known);
  return { visit: whatNext(next, run, brokenOff, at, known), run, body: toSend(next, run) };
}

function withAlarm(visit: Visit, run: Run, at: Timestamp, known: Known): Visit {
  const plan = visit.suggestion?.alarm;
  if (!plan) return visit;
  // A visit keeps its first alarm, on the server and here: a later look only makes the same one ring.
  const alarm_from = visit.alarm_from ?? run.screening_id;
  if (plan.after_secs > 0 || visit.alarm !== undefined) return { ...visit, alarm_from };
  const alarm: LocalAlarm = {
    id: known.rules.alarmId(alarm_from),
    screening_id: run.screening_id,
    priority: plan.priority,
    at,
    how: 'rules',
  };
  return { ...visit, alarm_from, alarm };
}

function whatNext(visit: Visit, run: Run, brokenOff: boolean, at: Timestamp, known: Known): Visit {
  const asked = new Set(visit.runs.map((each) => each.scale.code));
  const urgent = visit.suggestion?.tier === 4;
  if (brokenOff || urgent) return { ...visit, todo: [], phase: 'thanks' };
  const look = visit.suggestion?.second_look;
  if (look && !asked.has(look)) {
    const version = known.versionOf(look);
    if (version !== undefined) {
      const todo = [{ code: look, version }, ...visit.todo.filter((each) => each.code !== look)];
      return startRun({ ...visit, todo }, known.newId(), at, run.screening_id);
    }
  }
  const follow = (run.scored?.next ?? [])
    .filter((code) => !asked.has(code))
    .flatMap((code) => {
      const version = known.versionOf(code);
      return version === undefined ? [] : [{ code, version }];
    });
  const codes = new Set(follow.map((each) => each.code));
  const todo = [...follow, ...visit.todo.filter((each) => !codes.has(each.code))];
  if (todo.length === 0) return { ...visit, todo, phase: 'thanks' };
  return startRun({ ...visit, todo }, known.newId(), at);
}

/** The same for the same run whenever it is asked: what is sent again must be what was sent. */
export function toSend(visit: Visit, run: Run): Screening {
  return {
    person_id: visit.person.id,
    campaign_id: visit.campaign_id,
    target_id: run.look_of === undefined ? visit.target_id : undefined,
    visit_id: visit.id,
    look_of: run.look_of,
    scale: run.scale.code,
    version: run.scale.version,
    answers: run.answers,
    mode: visit.mode,
    locale: visit.locale,
    started_at: run.started_at,
    finished_at: run.finished_at ?? run.started_at,
    item_ms: run.item_ms,
    seen: 'in_person',
    broken_off: run.broken_off,
    look_refused: run.look_of !== undefined && run.broken_off === true && !hasAnswers(run) ? true : undefined,
    consent: visit.consent,
    device: run.device,
  };
}
