// One's own password and second factor.
import { type FormEvent, useState } from 'react';
import type { Me } from '@/api/types';
import { useText } from '@/i18n/text';
import { Field } from '@/ui/Field';
import { failureWords } from '@/ui/failure';
import { roleName } from '@/ui/posts';
import { QrCode } from '@/ui/QrCode';
import { useChangePassword, useSecondFactor } from './queries';

export function OwnAccountPanel({ me }: { me: Me }) {
  const text = useText();
  return (
    <section className="page-part" aria-labelledby="own-title">
      <h2 className="part-title" id="own-title">
        {text.identity.ownAccount}
      </h2>
      <p className="strong">{text.identity.nameAndLogin(me.account.name, me.account.login)}</p>
      <p className="small muted">
        {me.account.roles.map((each) => roleName(each.role, text)).join(text.common.listComma)}
      </p>
      <SecondFactor on={me.has_second_factor} />
      <OwnPassword />
    </section>
  );
}

function SecondFactor({ on }: { on: boolean | undefined }) {
  const text = useText();
  const factor = useSecondFactor();
  const [code, setCode] = useState('');
  const [password, setPassword] = useState('');
  const [leaving, setLeaving] = useState<'remove' | 'replace' | null>(null);
  const error = factor.start.error ?? factor.confirm.error ?? factor.remove.error;
  const enrolling = factor.start.data !== undefined && !factor.confirm.isSuccess;
  const enabled = factor.confirm.isSuccess || (on === true && !factor.remove.isSuccess);
  const done = () => {
    setCode('');
    setPassword('');
    setLeaving(null);
  };
  // What was true of the factor before says nothing about the one that comes now.
  const begun = () => {
    factor.confirm.reset();
    factor.remove.reset();
    done();
  };
  const removed = () => {
    factor.start.reset();
    factor.confirm.reset();
    done();
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (enrolling) factor.confirm.mutate(code, { onSuccess: done });
    else if (leaving === 'replace') factor.start.mutate({ password, code }, { onSuccess: begun });
    else factor.remove.mutate({ password, code }, { onSuccess: removed });
  };
  const codeForm = (label: string) => (
    <form onSubmit={submit}>
      {enrolling ? null : (
        <Field
          label={text.identity.oldPassword}
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
      )}
      <Field
        label={enrolling ? text.identity.code : text.identity.codeOfPresent}
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={8}
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <button type="submit" className="btn" disabled={code.length < 6 || (!enrolling && password === '')}>
        {label}
      </button>
    </form>
  );
  return (
    <div className="page-sub">
      <h3 className="part-title">{text.identity.secondFactor}</h3>
      {error === null ? null : (
        <p className="door-error" role="alert">
          {failureWords(error, text)}
        </p>
      )}
      {enabled && !enrolling ? (
        <>
          <p className="muted">{text.identity.secondFactorOn}</p>
          {leaving === null ? (
            <div className="row wrap">
              <button type="button" className="btn" onClick={() => setLeaving('replace')}>
                {text.identity.replaceSecondFactor}
              </button>
              <button type="button" className="btn" onClick={() => setLeaving('remove')}>
                {text.identity.removeSecondFactor}
              </button>
            </div>
          ) : (
            codeForm(leaving === 'replace' ? text.identity.replaceSecondFactor : text.identity.removeSecondFactor)
          )}
        </>
      ) : factor.start.data === undefined ? (
        <>
          <p className="muted">{text.identity.secondFactorOff}</p>
          <button
            type="button"
            className="btn"
            disabled={factor.start.isPending}
            onClick={() => factor.start.mutate(undefined, { onSuccess: begun })}
          >
            {text.identity.addSecondFactor}
          </button>
        </>
      ) : (
        <>
          <p className="muted">{text.identity.enterSecret}</p>
          <div className="one-time">
            <QrCode text={factor.start.data.otpauth_url} label={text.identity.qrOfSecret} />
            <span className="secret">{factor.start.data.secret.replace(/(.{4})/g, '$1 ').trim()}</span>
            <a className="link small" href={factor.start.data.otpauth_url}>
              {text.identity.openAuthenticator}
            </a>
          </div>
          {codeForm(text.identity.confirmSecondFactor)}
        </>
      )}
    </div>
  );
}

function OwnPassword() {
  const text = useText();
  const change = useChangePassword();
  const [form, setForm] = useState({ old_password: '', password: '' });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(form, { onSuccess: () => setForm({ old_password: '', password: '' }) });
  };
  return (
    <form className="page-sub" onSubmit={submit}>
      <h3 className="part-title">{text.identity.changePassword}</h3>
      {change.isError ? (
        <p className="door-error" role="alert">
          {failureWords(change.error, text)}
        </p>
      ) : null}
      {change.isSuccess ? <p className="muted">{text.identity.passwordSet}</p> : null}
      <Field
        label={text.identity.oldPassword}
        type="password"
        autoComplete="current-password"
        value={form.old_password}
        onChange={(event) => setForm({ ...form, old_password: event.target.value })}
      />
      <Field
        label={text.identity.newPassword}
        hint={text.identity.passwordHint(10)}
        type="password"
        autoComplete="new-password"
        value={form.password}
        onChange={(event) => setForm({ ...form, password: event.target.value })}
      />
      <button type="submit" className="btn" disabled={form.old_password === '' || form.password.length < 10}>
        {text.identity.savePassword}
      </button>
    </form>
  );
}
