// What a visit owes the server, as entries of the outbox.
import { KEEP_RECEIVED_MS, type NewEntry, type What } from '@/api/outbox';
import { priorityNumber } from '@/api/priority';
import type { Danger, RaiseAlarm, Screening, Uuid } from '@/api/types';
import { type LocalAlarm, type Run, toSend, type Visit } from './visit';

type About = Visit['person'] | null;

export function alarmEntry(alarm: LocalAlarm, person: About, coveredBy?: string): NewEntry {
  const body: RaiseAlarm = {
    kind: alarm.how === 'rules' ? 'screening' : alarm.how,
    priority: priorityNumber(alarm.priority),
    person_id: person?.id,
    screening_id: alarm.screening_id,
    raised_at: alarm.at,
  };
  const path = `/alarms/${alarm.id}`;
  return { what: 'alarm', subject: alarm.id, path, body, label: person?.name ?? '', covered_by: coveredBy };
}

export function answersEntry(visit: Visit, run: Run, body: Screening): NewEntry {
  return {
    what: 'screening',
    subject: run.screening_id,
    path: `/screenings/${run.screening_id}`,
    body,
    label: visit.person.name,
    target_id: run.look_of === undefined ? visit.target_id : undefined,
  };
}

/**
 * What a visit that was found on this device owes and the outbox does not know: a tablet may be killed between the two
 * writes. Whatever had been received is the same again, and the server answers it with its first answer. What the worker
 * saw is about now: said late it would ring for a danger that is over.
 */
export function forgotten(visit: Visit, now: number, isKnown: (what: What, subject: Uuid) => boolean): NewEntry[] {
  const { alarm, clock_offset } = visit;
  const runs = visit.runs.filter((run) => run.finished_at !== undefined && !isKnown('screening', run.screening_id));
  const owed = runs.map((run) => answersEntry(visit, run, toSend(visit, run)));
  const about = alarm?.screening_id ?? visit.runs.at(-1)?.screening_id;
  const isSeen = Object.values(visit.danger).some((fact) => fact !== null);
  const isNow = now - Date.parse(visit.touched_at) < KEEP_RECEIVED_MS;
  const owesFacts = about !== undefined && isSeen && isNow && !isKnown('danger', about);
  if (owesFacts) owed.push(dangerEntry(visit, about));
  if (alarm !== undefined && (owesFacts || !isKnown('alarm', alarm.id))) {
    const byRules = alarm.how === 'rules' ? `screening:${alarm.screening_id}` : undefined;
    owed.unshift(alarmEntry(alarm, visit.person, owesFacts ? `danger:${about}` : byRules));
  }
  return owed.map((entry) => ({ ...entry, clock_offset }));
}

function dangerEntry(visit: Visit, screeningId: Uuid): NewEntry {
  return {
    what: 'danger',
    subject: screeningId,
    path: `/screenings/${screeningId}/danger`,
    body: visit.danger satisfies Danger,
    label: visit.person.name,
  };
}

/** The danger facts, and before them the alarm if they have made it louder: it does not wait for the answers. */
export function dangerEntries(before: Visit, after: Visit, screeningId: Uuid): NewEntry[] {
  const facts = dangerEntry(after, screeningId);
  const { alarm } = after;
  if (alarm === undefined || alarm.priority === before.alarm?.priority) return [facts];
  return [alarmEntry(alarm, after.person, `danger:${screeningId}`), facts];
}
