// The worker's own page: duty, how the tablet behaves, take-back code, signing out.
import { type FormEvent, useState } from 'react';
import type { Entry } from '@/api/outbox';
import type { Session } from '@/api/session';
import { useText } from '@/i18n/text';
import { Field } from '@/ui/Field';
import { postName, roleName } from '@/ui/posts';
import { LanguageSwitch, ThemeSwitch } from '@/ui/Switches';
import { TwoStepButton } from '@/ui/TwoStepButton';
import { stamp } from '@/ui/time';
import type { FieldView } from './FieldApp';
import { FieldNav } from './FieldNav';
import { type FieldSettings, pinHash } from './settings';

type Props = {
  session: Session;
  entries: readonly Entry[];
  settings: FieldSettings;
  onSettings: (next: Partial<FieldSettings>) => void;
  onView: (view: FieldView) => void;
  onSignOut: () => void;
};

export function MePage({ session, entries, settings, onSettings, onView, onSignOut }: Props) {
  const text = useText();
  const t = text.screening;
  const { me } = session;
  const owed = entries.filter((entry) => entry.state !== 'received');
  const unsent = owed.length;
  const unsaved = owed.some((entry) => entry.unsaved);
  const [pin, setPin] = useState('');
  const savePin = (event: FormEvent) => {
    event.preventDefault();
    void pinHash(pin).then((hash) => {
      onSettings({ pin: hash });
      setPin('');
    });
  };
  return (
    <div className="fd">
      <header className="fd-head">
        <h1 className="fd-title grow">{me.account.name}</h1>
        <span className="muted">
          {me.account.roles
            .map((each) => [roleName(each.role, text), each.org_name].filter(Boolean).join(' '))
            .join(text.common.listComma)}
        </span>
      </header>
      <main className="fd-main fd-me">
        <section className="fd-card fd-me-part">
          <h2 className="fd-basis-head">{t.onDuty}</h2>
          {me.duty.map((each) => (
            <p key={`${each.post}${each.org_id}`}>
              {postName(each.post, text)}
              {text.common.dot}
              {text.identity.since(stamp(each.since))}
            </p>
          ))}
          <a className="btn" href="/duty">
            {text.identity.dutyTitle}
          </a>
        </section>
        <section className="fd-card fd-me-part">
          <div className="row">
            <div className="grow">
              <b>{t.autoNext}</b>
              <p className="muted">{t.autoNextHint}</p>
            </div>
            <button
              type="button"
              className={settings.autoNext ? 'btn on' : 'btn'}
              aria-pressed={settings.autoNext}
              onClick={() => onSettings({ autoNext: !settings.autoNext })}
            >
              {settings.autoNext ? t.on : t.off}
            </button>
          </div>
        </section>
        <form className="fd-card fd-me-part" onSubmit={savePin}>
          <Field
            label={t.pinTitle}
            hint={t.pinHint}
            inputMode="numeric"
            autoComplete="off"
            maxLength={4}
            value={pin}
            onChange={(event) => setPin(event.target.value.replace(/\D/g, ''))}
          />
          <div className="row wrap">
            <button
              type="submit"
              className={pin.length === 4 ? 'btn btn-brand' : 'btn off'}
              disabled={pin.length !== 4}
            >
              {t.pinSave}
            </button>
            {settings.pin === null ? null : (
              <button type="button" className="btn" onClick={() => onSettings({ pin: null })}>
                {t.pinRemove}
              </button>
            )}
          </div>
        </form>
        <section className="fd-card fd-me-part">
          <div className="row wrap">
            <ThemeSwitch className="btn" />
            <LanguageSwitch className="btn" />
          </div>
        </section>
        <section className="fd-card fd-me-part">
          <p className="muted">{t.storageInfo}</p>
          {unsent === 0 ? null : <p className="strong">{t.signOutKeeps(unsent)}</p>}
          {unsaved ? (
            <p className="danger-text">
              {t.factNotSaved}
              {text.common.dot}
              {t.keepPageOpen}
            </p>
          ) : unsent === 0 ? (
            <button type="button" className="btn" onClick={onSignOut}>
              {text.common.signOut}
            </button>
          ) : (
            <TwoStepButton label={text.common.signOut} again={t.signOutAgain} onConfirm={onSignOut} />
          )}
        </section>
      </main>
      <footer className="fd-foot">
        <FieldNav view="me" entries={entries} onView={onView} />
      </footer>
    </div>
  );
}
