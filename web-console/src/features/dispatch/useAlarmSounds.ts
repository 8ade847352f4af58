// When the board sounds: P1 again every five seconds until anyone has it, P2 and P3 once, a fault once.
import { useEffect, useRef } from 'react';
import type { Alarm } from '@/api/types';
import { hush, play } from '@/ui/sound';
import { isUnclaimed } from './order';

const P1_AGAIN_MS = 5_000;
const FAULT_AFTER_MS = 3_000;

export function useAlarmSounds(alarms: Alarm[], known: boolean, linkIsDown: boolean, tested: boolean): void {
  const heard = useRef<Map<string, number> | null>(null);
  const p1 = alarms.some((alarm) => alarm.priority === 'P1' && !alarm.drill && isUnclaimed(alarm));

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
    heard.current = new Map(alarms.map((alarm) => [alarm.id, alarm.escalation_step]));
    if (before === null) return;
    const fresh = alarms.filter((alarm) => {
      const step = before.get(alarm.id);
      return !alarm.drill && isUnclaimed(alarm) && (step === undefined || alarm.escalation_step > step);
    });
    if (fresh.some((alarm) => alarm.priority === 'P2')) play('P2');
    else if (fresh.some((alarm) => alarm.priority === 'P3')) play('P3');
  }, [alarms, known]);

  useEffect(() => {
    if (!linkIsDown) return;
    const timer = setTimeout(() => play('fault'), FAULT_AFTER_MS);
    return () => clearTimeout(timer);
  }, [linkIsDown]);
}
