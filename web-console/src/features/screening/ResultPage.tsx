// What the worker sees after taking the tablet back: danger to life with what to do now, or the calm result.
import type { Entry } from '@/api/outbox';
import type { Session } from '@/api/session';
import type { Helpline } from '@/api/types';
import { CalmResult } from './CalmResult';
import { CrisisResult } from './CrisisResult';
import { dangerEntries } from './owed';
import type { Toolbox } from './queries';
import { caseOf, timeIn, type Visit } from './visit';

export type ResultProps = {
  visit: Visit;
  session: Session;
  entries: readonly Entry[];
  toolbox: Toolbox | undefined;
  helplines: Helpline[];
  onSave: (visit: Visit) => void;
  onWord: () => void;
  onLeave: () => void;
};

export function ResultPage(props: ResultProps) {
  const { visit, toolbox, session, onSave } = props;
  if (visit.alarm === undefined) return <CalmResult {...props} />;
  const alarm = visit.alarm;

  const setDanger = (danger: Visit['danger']) => {
    let next: Visit = { ...visit, danger, touched_at: timeIn(visit) };
    try {
      // Decided here at once; only ever upwards.
      const suggestion = toolbox?.rules.suggest(caseOf(next));
      const priority = suggestion?.alarm?.priority ?? suggestion?.priority ?? alarm.priority;
      next = {
        ...next,
        suggestion: suggestion ?? next.suggestion,
        alarm: { ...alarm, priority: higher(priority, alarm.priority) },
      };
    } catch {
      next = { ...next, rules_failed: true };
    }
    onSave(next);
    const screeningId = alarm.screening_id ?? visit.runs.at(-1)?.screening_id;
    if (screeningId !== undefined) void session.outbox.add(...dangerEntries(visit, next, screeningId));
  };
  return <CrisisResult {...props} alarm={alarm} onDanger={setDanger} />;
}

function higher<P extends string>(a: P, b: P): P {
  return a < b ? a : b;
}
