// What a visit owes the server, as entries of the outbox.
import type { NewEntry } from '@/api/outbox';
import { priorityNumber } from '@/api/priority';
import type { Danger, RaiseAlarm, Screening, Uuid } from '@/api/types';
import type { LocalAlarm, Run, Visit } from './visit';

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

/** The danger facts, and before them the alarm if they have made it louder: it does not wait for the answers. */
export function dangerEntries(before: Visit, after: Visit, screeningId: Uuid): NewEntry[] {
  const facts: NewEntry = {
    what: 'danger',
    subject: screeningId,
    path: `/screenings/${screeningId}/danger`,
    body: after.danger satisfies Danger,
    label: after.person.name,
  };
  const { alarm } = after;
  if (alarm === undefined || alarm.priority === before.alarm?.priority) return [facts];
  return [alarmEntry(alarm, after.person, `danger:${screeningId}`), facts];
}
