// The one-time link: set the first password, or a new one after a reset.
import { getRouteApi, Link } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { Refused } from '@/api/http';
import { useText } from '@/i18n/text';
import { Field } from '@/ui/Field';
import { failureWords, fieldReason } from '@/ui/failure';
import { Icon } from '@/ui/Icon';
import { LanguageSwitch, ThemeSwitch } from '@/ui/Switches';
import { setDensity } from '@/ui/theme';
import './identity.css';
import { useSetFirstPassword, useSetup } from './queries';

const route = getRouteApi('/setup/$token');
const SHORTEST = 10;

export function SetupPage() {
  const text = useText();
  const { token } = route.useParams();
  const setup = useSetup(token);
  const save = useSetFirstPassword(token);
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [tried, setTried] = useState(false);
  useEffect(() => setDensity('desk'), []);

  const tooShort = password.length < SHORTEST ? text.identity.passwordTooShort(SHORTEST) : null;
  const different = again !== password ? text.identity.passwordsDiffer : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (tooShort === null && different === null) save.mutate(password);
  };

  return (
    <div className="door">
      <header className="door-top">
        <ThemeSwitch />
        <LanguageSwitch />
      </header>
      <main className="door-card">
        <p className="door-brand">
          <Icon name="lamp" />
          <b>{text.common.brand}</b>
        </p>
        <h1 className="door-title">{text.identity.setupTitle}</h1>
        {setup.isError ? (
          <p className="door-error" role="alert">
            {setup.error instanceof Refused ? text.identity.linkUsed : failureWords(setup.error, text)}
          </p>
        ) : save.isSuccess ? (
          <>
            <p className="door-done">{text.identity.passwordSet}</p>
            <Link to="/" className="btn btn-primary">
              {text.identity.goOnSignedIn}
            </Link>
          </>
        ) : (
          <form onSubmit={submit} noValidate>
            <p className="door-who">
              {setup.data === undefined ? ' ' : text.identity.nameAndLogin(setup.data.name, setup.data.login)}
            </p>
            {save.isError ? (
              <p className="door-error" role="alert">
                {failureWords(save.error, text)}
              </p>
            ) : null}
            <Field
              label={text.identity.newPassword}
              hint={text.identity.passwordHint(SHORTEST)}
              error={tried ? (tooShort ?? fieldReason(save.error, 'password')) : null}
              type="password"
              autoComplete="new-password"
              value={password}
              onChange={(event) => setPassword(event.target.value)}
            />
            <Field
              label={text.identity.passwordAgain}
              error={tried ? different : null}
              type="password"
              autoComplete="new-password"
              value={again}
              onChange={(event) => setAgain(event.target.value)}
            />
            <button type="submit" className="btn btn-primary" disabled={save.isPending || setup.isPending}>
              {text.identity.savePassword}
            </button>
          </form>
        )}
      </main>
    </div>
  );
}
