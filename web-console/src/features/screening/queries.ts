// What the tablet asks the server: the list, the scales and the policy (all kept sealed for use without a network),
// and how far an alarm has got.
import { useQuery } from '@tanstack/react-query';
import { get, Refused, Unreached } from '@/api/http';
import { loadRules, type Rules } from '@/api/rules';
import type { ScaleDefinition } from '@/api/scale';
import type { Session } from '@/api/session';
import type { AlarmFull, ScaleRow, Uuid, Worklist } from '@/api/types';

export type Kept<T> = { value: T; kept_at: number; fromDevice: boolean };

/** Asks the server and keeps the answer sealed; without a network the kept answer is used, and says so. */
async function keptGet<T>(session: Session, id: string, path: string, as?: 'text'): Promise<Kept<T>> {
  try {
    const value = await get<T>(path, { as });
    const kept = { value, kept_at: Date.now() };
    await session.store.put('cache', id, kept).catch(() => {}); // a full device works as long as there is a network
    return { ...kept, fromDevice: false };
  } catch (error) {
    if (!(error instanceof Unreached)) throw error;
    const kept = await session.store.get<{ value: T; kept_at: number }>('cache', id);
    if (kept === undefined) throw error;
    return { ...kept, fromDevice: true };
  }
}

export function useWorklist(session: Session) {
  return useQuery({
    queryKey: ['worklist', session.me.account.id],
    queryFn: () => keptGet<Worklist>(session, 'worklist', '/worklist'),
    refetchInterval: (query) => (query.state.data?.fromDevice === false ? 60_000 : 8_000),
    refetchOnReconnect: 'always',
  });
}

export type Toolbox = {
  rules: Rules;
  scales: Map<string, ScaleDefinition>; // code@version
  newest: Map<string, string>; // code → version
  offered: Map<string, string[]>; // code → languages that may be put before a person here
};

/** Every scale and the triage policy, loaded into the rules of this browser. */
export function useToolbox(session: Session) {
  return useQuery({
    queryKey: ['toolbox', session.me.account.id],
    staleTime: 600_000,
    retry: (count, error) => !(error instanceof Refused) && count < 1_000,
    retryDelay: 5_000,
    queryFn: async (): Promise<Toolbox> => {
      const rules = await loadRules();
      const policy = await keptGet<unknown>(session, 'policy', '/policies/triage/current');
      rules.loadPolicy(documentOf(policy.value));
      const rows = await keptGet<ScaleRow[]>(session, 'scales', '/scales');
      const scales = new Map<string, ScaleDefinition>();
      const newest = new Map<string, string>();
      const offered = new Map<string, string[]>();
      for (const row of rows.value) {
        const id = `${row.code}@${row.version}`;
        scales.set(id, await loadScale(session, row, rules));
        newest.set(row.code, row.version);
        offered.set(row.code, row.offered);
      }
      return { rules, scales, newest, offered };
    },
  });
}

// A version in use is never edited, so a definition that is kept need not be asked for again. It is kept and loaded as
// the server wrote it: by its hash both sides know that they score with the same text.
async function loadScale(session: Session, row: ScaleRow, rules: Rules): Promise<ScaleDefinition> {
  const id = `scale:${row.code}@${row.version}`;
  const kept = await session.store.get<{ value: unknown }>('cache', id);
  if (typeof kept?.value === 'string' && rules.loadScale(kept.value).hash === row.hash) return JSON.parse(kept.value);
  const { value } = await keptGet<string>(session, id, `/scales/${row.code}/${row.version}`, 'text');
  const { hash } = rules.loadScale(value);
  if (hash !== row.hash) throw new Error(`${id}: not the text it is listed with`);
  return JSON.parse(value) as ScaleDefinition;
}

// The policy may come wrapped (`document`) or as it is.
function documentOf(policy: unknown): unknown {
  const wrapped = policy as { document?: unknown };
  return wrapped.document ?? policy;
}

/** How far the alarm has got, asked every two seconds while the worker stands beside the person. */
export function useAlarmProgress(alarmId: Uuid | undefined, known: boolean) {
  return useQuery({
    queryKey: ['alarm-progress', alarmId],
    enabled: alarmId !== undefined && known,
    queryFn: () => get<AlarmFull>(`/alarms/${alarmId}`),
    // Where it may not be seen, asking every two seconds would not change that.
    refetchInterval: (query) => (query.state.error instanceof Refused ? 15_000 : 2_000),
    staleTime: 0,
  });
}
