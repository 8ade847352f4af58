// Sign in, and go to the place that belongs to the role.
import { useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { Refused, Unreached } from '@/api/http';
import { readSession, sessionKey } from '@/api/session';
import { type Text, useText } from '@/i18n/text';
import { Field } from '@/ui/Field';
import { Icon } from '@/ui/Icon';
import { LanguageSwitch, ThemeSwitch } from '@/ui/Switches';
import { setDensity } from '@/ui/theme';
import './identity.css';
import { useSignIn } from './queries';

const route = getRouteApi('/');

export function SignInPage() {
  const text = useText();
  const navigate = useNavigate();
  const client = useQueryClient();
  const { to: wanted } = route.useSearch();
  const signIn = useSignIn();
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const codeNeeded = signIn.error instanceof Refused && signIn.error.is('second-factor-needed');
  const [askCode, setAskCode] = useState(false);
  const codeField = useRef<HTMLDivElement>(null);

  useEffect(() => setDensity('desk'), []);
  useEffect(() => {
    if (!codeNeeded) return;
    setAskCode(true);
    requestAnimationFrame(() => codeField.current?.querySelector('input')?.focus());
  }, [codeNeeded]);

  // Somebody who is signed in already does not have to say who they are.
  useEffect(() => {
    let gone = false;
    if (client.getQueryData(sessionKey) === null) return;
    readSession()
      .then((session) => {
        if (gone || session === null) return;
        client.setQueryData(sessionKey, session);
        void navigate({ to: wanted ?? session.me.account.home, replace: true });
      })
      .catch(() => {});
    return () => {
      gone = true;
    };
  }, [client, navigate, wanted]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate(
      { login: login.trim(), password, code: code.trim() === '' ? undefined : code.trim() },
      {
        onSuccess: ({ account }) => {
          client.removeQueries({ queryKey: sessionKey });
          void navigate({ to: wanted ?? account.home ?? '/t', replace: true });
        },
      },
    );
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
        <h1 className="door-title">{text.identity.signInTitle}</h1>
        <form onSubmit={submit} noValidate>
          {signIn.error === null || (codeNeeded && code === '') ? null : (
            <p className="door-error" role="alert">
              {refusal(signIn.error, text)}
            </p>
          )}
          <Field
            label={text.identity.login}
            name="login"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
            value={login}
            onChange={(event) => setLogin(event.target.value)}
          />
          <Field
            label={text.identity.password}
            name="password"
            type="password"
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.target.value)}
          />
          {askCode ? (
            <div ref={codeField}>
              <Field
                label={text.identity.code}
                hint={text.identity.codeHint}
                name="code"
                inputMode="numeric"
                autoComplete="one-time-code"
                maxLength={8}
                value={code}
                onChange={(event) => setCode(event.target.value)}
              />
            </div>
          ) : null}
          <div className="door-actions">
            <button
              type="submit"
              className="btn btn-primary"
              disabled={login === '' || password === '' || signIn.isPending}
            >
              {signIn.isPending ? text.identity.signingIn : text.identity.signIn}
            </button>
            {askCode ? null : (
              <button type="button" className="link small" onClick={() => setAskCode(true)}>
                {text.identity.haveCode}
              </button>
            )}
          </div>
        </form>
        <p className="door-note">{text.identity.everyLookRecorded}</p>
      </main>
    </div>
  );
}

function refusal(error: Error, text: Text): string {
  if (error instanceof Unreached) return text.common.serverNotReached;
  if (!(error instanceof Refused)) return error.message;
  if (error.is('too-many-attempts')) return text.common.tooManyAttempts;
  if (error.is('second-factor-needed')) return text.identity.codeWrong;
  if (error.is('sign-in-refused')) return text.identity.refused;
  return error.problem.detail ?? error.problem.title;
}
