// One question a screen. The respondent sees no score, no tier, no colour of alarm and no way into the list.
import { useCallback, useEffect, useRef, useState } from 'react';
import { criticalItems, optionsOf } from '@/api/scale';
import type { AnswerCode, Helpline } from '@/api/types';
import { useSpeech } from '@/i18n/text';
import { Icon } from '@/ui/Icon';
import { Progress } from './Progress';
import type { Toolbox } from './queries';
import { RunnerTop } from './RunnerTop';
import type { FieldSettings } from './settings';
import { TalkDialog } from './TalkDialog';
import { answer, currentRun, moveTo, position, timeIn, type Visit } from './visit';

const AUTO_NEXT_MS = 450;

type Props = {
  visit: Visit;
  toolbox: Toolbox | undefined;
  failed: boolean;
  settings: FieldSettings;
  saveFailed: boolean;
  helplines: Helpline[];
  onSettings: (next: Partial<FieldSettings>) => void;
  onSave: (visit: Visit) => void;
  onFinish: (visit: Visit, brokenOff: boolean) => void;
};

export function Runner(props: Props) {
  const { visit, toolbox, onSave, onFinish } = props;
  const { text, language } = useSpeech();
  const t = text.screening;
  const [talking, setTalking] = useState(false);
  const shownAt = useRef(performance.now());
  const advance = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const run = currentRun(visit);
  const scale = run && toolbox?.scales.get(`${run.scale.code}@${run.scale.version}`);
  const rules = toolbox?.rules;
  const place = run && scale && rules && position(rules, run, scale, visit);
  const item = place?.items[place.index];
  const itemId = item?.id;

  useEffect(() => {
    if (itemId === undefined) return;
    shownAt.current = performance.now();
    return () => clearTimeout(advance.current);
  }, [itemId]);

  const options = scale && item ? optionsOf(scale, item) : [];
  const chosen = run && itemId !== undefined ? run.answers[itemId] : undefined;
  const last = place !== undefined && place.index === place.items.length - 1;

  const step = useCallback(
    (current: Visit) => {
      const open = currentRun(current);
      if (open === undefined || scale === undefined || rules === undefined || itemId === undefined) return;
      if (open.answers[itemId] === undefined) return;
      const now = position(rules, open, scale, current);
      const next = now.items[now.items.findIndex((each) => each.id === itemId) + 1];
      if (next === undefined) onFinish(current, false);
      else onSave(moveTo(current, next.id, timeIn(current)));
    },
    [scale, rules, itemId, onFinish, onSave],
  );

  const choose = useCallback(
    (code: AnswerCode | null) => {
      if (itemId === undefined || scale === undefined || rules === undefined) return;
      const first = chosen === undefined;
      const ms = Math.round(performance.now() - shownAt.current);
      shownAt.current = performance.now();
      const answered = answer(visit, itemId, code, ms, timeIn(visit));
      onSave(answered);
      clearTimeout(advance.current);
      // Items that a critical rule reads look like all others, and wait for the person's own press.
      const open = currentRun(answered);
      const stillLast = open === undefined || position(rules, open, scale, answered).items.at(-1)?.id === itemId;
      if (props.settings.autoNext && first && !stillLast && !criticalItems(scale).has(itemId)) {
        advance.current = setTimeout(() => step(answered), AUTO_NEXT_MS);
      }
    },
    [itemId, scale, rules, chosen, visit, onSave, step, props.settings.autoNext],
  );

  const previous = place !== undefined && place.index > 0 ? place.items[place.index - 1] : undefined;
  const back = useCallback(() => {
    clearTimeout(advance.current);
    if (previous !== undefined) onSave(moveTo(visit, previous.id, timeIn(visit)));
  }, [previous, visit, onSave]);

  const refusal = options.find((option) => option.code === 'refused');
  const shown = options.filter((option) => option.code !== 'refused');
  const skipped = chosen === null || (refusal !== undefined && chosen === 'refused');

  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (talking || event.isComposing || event.repeat || event.ctrlKey || event.altKey || event.metaKey) return;
      if (/^[0-9]$/.test(event.key)) {
        const option = shown.find((each) => String(each.code) === event.key);
        if (option !== undefined) choose(option.code);
      } else if (event.key === 'ArrowLeft' || event.key === 'Backspace') back();
      else if (event.key === 'ArrowRight') step(visit);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [talking, shown, choose, back, step, visit]);

  if (run === undefined || scale === undefined || place === undefined || item === undefined) {
    return (
      <main className="fd fd-pane">
        <div className="fd-note fd-card" role="status" aria-busy={!props.failed}>
          <b className="box-title">{props.failed ? t.rulesMissing : text.common.loading}</b>
          {props.failed ? t.rulesMissingWhy : null}
        </div>
      </main>
    );
  }

  const locale = shownLocale(toolbox?.offered.get(scale.code) ?? [], language);
  const words = (texts: Record<string, string> | undefined) => texts?.[locale] ?? '';
  const draft = scale.locales?.[locale]?.status === 'draft';
  const stem = words(scale.instructions);
  const answered = chosen !== undefined;
  return (
    <div className="fd-run" data-look={run.look_of === undefined ? undefined : 'yes'}>
      <RunnerTop
        settings={props.settings}
        onSettings={props.onSettings}
        words={[stem, words(item.text), ...shown.map((each) => words(each.text))]}
      />
      <Progress index={place.index} total={place.items.length} />
      <main className="fd-question">
        <div className="fd-stem-box">
          {draft ? <p className="fd-draft">{t.draftWording}</p> : null}
          <p className="fd-stem">{stem}</p>
          <h1 className={questionLook(words(item.text))} id="question">
            {words(item.text)}
          </h1>
        </div>
        <div className="fd-opts" role="radiogroup" aria-labelledby="question">
          {shown.map((option) => (
            <button
              key={String(option.code)}
              type="button"
              role="radio"
              aria-checked={chosen === option.code}
              className={chosen === option.code ? 'fd-opt is-on' : 'fd-opt'}
              onClick={() => choose(option.code)}
            >
              <span className="fd-dot" />
              <span className="grow">{words(option.text) || String(option.code)}</span>
              {chosen === option.code ? <small className="fd-chosen">{t.youChose}</small> : null}
            </button>
          ))}
        </div>
      </main>
      <footer className="fd-runfoot">
        <div className="fd-go">
          <button
            type="button"
            className={previous === undefined ? 'btn off' : 'btn'}
            disabled={previous === undefined}
            onClick={back}
          >
            <Icon name="left" />
            {t.previous}
          </button>
          <button
            type="button"
            className={answered ? 'btn btn-primary' : 'btn off'}
            disabled={!answered}
            onClick={() => step(visit)}
          >
            {last ? t.finish : t.next}
            <Icon name={last ? 'check' : 'right'} />
          </button>
        </div>
        <div className="fd-soft">
          <span className="row grow" role="status">
            <Icon name="lock" />
            {props.saveFailed ? <b>{t.notRemembered}</b> : answered ? t.remembered : t.chooseFirst}
          </span>
          <button
            type="button"
            className={skipped ? 'btn on' : 'btn btn-plain'}
            aria-pressed={skipped}
            onClick={() => choose(refusal === undefined ? null : refusal.code)}
          >
            {skipped ? t.ratherNotChosen : t.ratherNot}
          </button>
          <button type="button" className="btn" onClick={() => setTalking(true)}>
            <Icon name="phone" />
            {t.talk}
          </button>
        </div>
      </footer>
      {talking ? (
        <TalkDialog helplines={props.helplines} onGoOn={() => setTalking(false)} onStop={() => onFinish(visit, true)} />
      ) : null}
    </div>
  );
}

/** The language on screen, if this scale may be shown in it; else one in which it may. */
function shownLocale(offered: string[], language: string): string {
  return offered.includes(language) ? language : (offered[0] ?? language);
}

// A long question gets smaller letters, so that question and options stay on one screen.
function questionLook(words: string): string {
  const width = Array.from(words).reduce((sum, letter) => sum + (letter.charCodeAt(0) > 0x2e80 ? 2 : 1), 0);
  return width > 180 ? 'fd-q is-longest' : width > 70 ? 'fd-q is-long' : 'fd-q';
}
