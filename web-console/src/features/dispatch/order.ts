// How alarms stand on the board: what is pinned, what is listed, what is folded away. Pure.
import type { Alarm, Priority, Uuid } from '@/api/types';

const FLOOD_COUNT = 10;
const FLOOD_MS = 10 * 60_000;

export type Groups = {
  pinned: Alarm[];
  listed: Alarm[];
  folded: Alarm[];
  shelved: Alarm[];
  flood: boolean;
  lately: number;
};

export const isUnclaimed = (alarm: Alarm) => alarm.state === 'raised';

export function groupAlarms(alarms: Alarm[], filter: Priority | null, now: number): Groups {
  const real = alarms.filter((alarm) => !alarm.drill);
  const lately = real.filter((alarm) => now - Date.parse(alarm.raised_at) < FLOOD_MS).length;
  const flood = lately >= FLOOD_COUNT;
  const groups: Groups = { pinned: [], listed: [], folded: [], shelved: [], flood, lately };
  for (const alarm of [...alarms].sort(byUrgency)) {
    const shelved = alarm.shelved_until != null && Date.parse(alarm.shelved_until) > now;
    if (alarm.priority === 'P1' && !alarm.drill) groups.pinned.push(alarm);
    else if (shelved) groups.shelved.push(alarm);
    else if (filter !== null) {
      if (alarm.priority === filter) groups.listed.push(alarm);
    } else if (alarm.priority === 'P4' || (flood && alarm.priority === 'P3' && isUnclaimed(alarm)))
      groups.folded.push(alarm);
    else groups.listed.push(alarm);
  }
  return groups;
}

/** Priority, then who has nobody, then who has waited longest. Drills stand behind real alarms of their priority. */
export function byUrgency(a: Alarm, b: Alarm): number {
  return (
    a.priority.localeCompare(b.priority) ||
    Number(a.drill) - Number(b.drill) ||
    Number(!isUnclaimed(a)) - Number(!isUnclaimed(b)) ||
    a.raised_at.localeCompare(b.raised_at) ||
    a.id.localeCompare(b.id)
  );
}

/** What the space bar takes: the most urgent alarm that nobody has; real ones before drills. */
export function topUnclaimed(alarms: Alarm[]): Alarm | undefined {
  const open = alarms.filter(isUnclaimed).sort(byUrgency);
  return open.find((alarm) => !alarm.drill) ?? open[0];
}

export function countByPriority(alarms: Alarm[]): Record<Priority, { open: number; unclaimed: number }> {
  const counts = { P1: zero(), P2: zero(), P3: zero(), P4: zero() };
  for (const alarm of alarms) {
    if (alarm.drill) continue;
    counts[alarm.priority].open += 1;
    if (isUnclaimed(alarm)) counts[alarm.priority].unclaimed += 1;
  }
  return counts;
}
function zero() {
  return { open: 0, unclaimed: 0 };
}

/**
 * Which telling a receipt of this account would answer: the list names each person and post once, with the last time
 * they were told, so being told again (the next lap, a claim that ran out, a return) changes the time, not the length.
 */
export function lastTelling(alarm: Alarm, me: Uuid): string {
  const mine = alarm.told.filter((each) => each.account_id === me).map((each) => Date.parse(each.at));
  return mine.length === 0 ? 'unasked' : String(Math.max(...mine));
}

/** Share of the time to the next step that is left, for the fuse. */
export function fuseShare(alarm: Alarm, now: number): number | null {
  if (!alarm.next_step || !isUnclaimed(alarm)) return null;
  const end = Date.parse(alarm.next_step.at);
  const lastTold = alarm.told.map((each) => Date.parse(each.at)).filter((at) => at <= now);
  const start = Math.max(Date.parse(alarm.raised_at), ...lastTold);
  if (end <= start) return 0;
  return Math.min(1, Math.max(0, (end - now) / (end - start)));
}
