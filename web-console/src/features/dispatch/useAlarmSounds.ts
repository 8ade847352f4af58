// When the board sounds: P1 again every five seconds until anyone has it, P2 and P3 once, a fault once.
import { useEffect, useRef } from 'react';
import type { Journaled } from '@/api/live';
import type { Alarm, Uuid } from '@/api/types';
import { hush, play } from '@/ui/sound';
import { isUnclaimed } from './order';

const P1_AGAIN_MS = 5_000;
const FAULT_AFTER_MS = 3_000;

type Heard = {
  alarms: Alarm[];
  /** Not in the list yet, so nobody can claim them: they ring until this seat says that it has seen them. */
  journal: Journaled[];
  silenced: ReadonlySet<Uuid>;
  known: boolean;
  linkIsDown: boolean;
  tested: boolean;
};

export function useAlarmSounds({ alarms, journal, silenced, known, linkIsDown, tested }: Heard): void {
  const heard = useRef<Map<string, number> | null>(null);
  const isP1 = (alarm: { priority: string; drill: boolean }) => alarm.priority === 'P1' && !alarm.drill;
  const p1 =
    alarms.some((alarm) => isP1(alarm) && isUnclaimed(alarm)) ||
    journal.some(({ alarm }) => isP1(alarm) && !silenced.has(alarm.id));

  useEffect(() => {
    if (!p1 || !tested) return;
    play('P1');
    const timer = setInterval(() => play('P1'), P1_AGAIN_MS);
    return () => {
      clearInterval(timer);
      hush();
    };
  }, [p1, tested]);

  useEffect(() => {
    if (!known) return;
    const before = heard.current;
    heard.current = new Map([
      ...journal.map(({ alarm }): [Uuid, number] => [alarm.id, 0]),
      ...alarms.map((alarm): [Uuid, number] => [alarm.id, alarm.escalation_step]),
    ]);
    if (before === null) return;
    const fresh = [
      ...journal.map((row) => row.alarm).filter((alarm) => !alarm.drill && !before.has(alarm.id)),
      ...alarms.filter((alarm) => {
        const step = before.get(alarm.id);
        return !alarm.drill && isUnclaimed(alarm) && (step === undefined || alarm.escalation_step > step);
      }),
    ];
    if (fresh.some((alarm) => alarm.priority === 'P2')) play('P2');
    else if (fresh.some((alarm) => alarm.priority === 'P3')) play('P3');
  }, [alarms, journal, known]);

  useEffect(() => {
    if (!linkIsDown) return;
    const timer = setTimeout(() => play('fault'), FAULT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [linkIsDown]);
}
