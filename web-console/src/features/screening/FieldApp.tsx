// The tablet: the list, or the visit that is going on. Decides which of the two, and hands every result to the outbox.
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { newId } from '@/api/ids';
import type { Session } from '@/api/session';
import { useSpeech, useText } from '@/i18n/text';
import { ConsentPage } from './ConsentPage';
import { HandOverPage } from './HandOverPage';
import { ListPage } from './ListPage';
import { MePage } from './MePage';
import { alarmEntry, answersEntry } from './owed';
import { useToolbox, useWorklist } from './queries';
import { ResultPage } from './ResultPage';
import { Runner } from './Runner';
import type { FieldSettings } from './settings';
import { readSettings, writeSettings } from './settings';
import { ThanksPage } from './ThanksPage';
import { UploadPage } from './UploadPage';
import { useVisits } from './useVisits';
import { finishRun, type LocalAlarm, startRun, startVisit, timeIn, type Visit } from './visit';
import './list.css';
import './visit.css';
import './result.css';
import './screens.css';

export type FieldView = 'list' | 'upload' | 'me';
type Props = { session: Session; onSignOut: () => void; onUpdate: (() => void) | null };

export function FieldApp({ session, onSignOut, onUpdate }: Props) {
  const text = useText();
  const { language } = useSpeech();
  const { outbox } = session;
  const worklist = useWorklist(session);
  const toolbox = useToolbox(session);
  const visits = useVisits(session);
  const entries = useSyncExternalStore(outbox.subscribe, outbox.all);
  const [view, setView] = useState<FieldView>('list');
  const [settings, setSettings] = useState<FieldSettings>(readSettings);
  const visit = visits.open;

  useEffect(() => {
    document.documentElement.dataset.size = settings.size;
    return () => {
      delete document.documentElement.dataset.size;
    };
  }, [settings.size]);
  const change = (next: Partial<FieldSettings>) => {
    const merged = { ...settings, ...next };
    writeSettings(merged);
    setSettings(merged);
  };

  const sendAlarm = useCallback(
    async (alarm: LocalAlarm, person: Visit['person'] | null) => {
      const [entry] = await outbox.add(alarmEntry(alarm, person));
      return entry;
    },
    [outbox],
  );

  const finish = (current: Visit, brokenOff: boolean) => {
    const run = current.runs.find((each) => each.finished_at === undefined);
    const scale = run && toolbox.data?.scales.get(`${run.scale.code}@${run.scale.version}`);
    if (run === undefined || scale === undefined || toolbox.data === undefined) return;
    const versionOf = (code: string) => toolbox.data.newest.get(code);
    const done = finishRun(current, brokenOff, timeIn(current), { rules: toolbox.data.rules, scale, newId, versionOf });
    if (done === null) return;
    visits.save(done.visit);
    const screeningId = done.run.screening_id;
    const made = done.visit.alarm;
    // The alarm is stored first: whatever happens to the answers, it goes out.
    const alarm =
      made === undefined || current.alarm !== undefined
        ? []
        : [alarmEntry(made, current.person, `screening:${screeningId}`)];
    void outbox.add(...alarm, answersEntry(current, done.run, done.body));
  };

  const raiseByWord = (current: Visit) => {
    const alarm: LocalAlarm = { id: newId(), priority: 'P1', at: timeIn(current), how: 'word' };
    visits.save({ ...current, alarm, phase: 'result', touched_at: timeIn(current) });
    void sendAlarm(alarm, current.person);
  };

  if (!visits.ready) return <main className="fd-blank" aria-busy="true" aria-label={text.common.loading} />;

  if (visit?.phase === 'consent') {
    return (
      <ConsentPage
        visit={visit}
        notice={worklist.data?.value.notice}
        toolbox={toolbox.data}
        onAlarm={() => raiseByWord(visit)}
        onBack={() => void visits.remove(visit.id)}
        onConsent={(consent) => visits.save({ ...visit, consent, phase: 'handover', touched_at: timeIn(visit) })}
      />
    );
  }
  if (visit?.phase === 'handover') {
    return (
      <HandOverPage
        onBack={() => visits.save({ ...visit, phase: 'consent' })}
        onStart={(mode) => visits.save(startRun({ ...visit, mode, locale: language }, newId(), timeIn(visit)))}
      />
    );
  }
  if (visit?.phase === 'run') {
    return (
      <Runner
        visit={visit}
        toolbox={toolbox.data}
        failed={toolbox.isError}
        settings={settings}
        saveFailed={visits.saveFailed}
        helplines={worklist.data?.value.helplines ?? session.me.tenant.helplines}
        onSettings={change}
        onSave={visits.save}
        onFinish={(current, brokenOff) => finish(current, brokenOff)}
      />
    );
  }
  if (visit?.phase === 'thanks') {
    return (
      <ThanksPage
        worker={session.me.account.name}
        brokenOff={visit.runs.at(-1)?.broken_off === true}
        pin={settings.pin}
        helplines={worklist.data?.value.helplines ?? session.me.tenant.helplines}
        onTakenBack={() => visits.save({ ...visit, phase: 'result', touched_at: timeIn(visit) })}
      />
    );
  }
  if (visit?.phase === 'result') {
    return (
      <ResultPage
        visit={visit}
        session={session}
        entries={entries}
        toolbox={toolbox.data}
        helplines={worklist.data?.value.helplines ?? session.me.tenant.helplines}
        onSave={visits.save}
        onWord={() => raiseByWord(visit)}
        onLeave={() => visits.save({ ...visit, phase: 'left' })}
      />
    );
  }
  if (view === 'upload') {
    return <UploadPage session={session} entries={entries} onView={setView} />;
  }
  if (view === 'me') {
    return (
      <MePage
        session={session}
        entries={entries}
        settings={settings}
        onSettings={change}
        onView={setView}
        onSignOut={onSignOut}
      />
    );
  }
  return (
    <ListPage
      session={session}
      worklist={worklist}
      toolbox={toolbox.data}
      entries={entries}
      visits={visits}
      settings={settings}
      onSettings={change}
      onView={setView}
      onUpdate={onUpdate}
      onStart={(target) => visits.save(startVisit(target, { visit: newId() }, timeIn(), language))}
      onAlarm={() => sendAlarm({ id: newId(), priority: 'P1', at: timeIn(), how: 'button' }, null)}
    />
  );
}
