// A new account: who, under which login, in which role and where.
import { type FormEvent, useId, useMemo, useState } from 'react';
import type { NewAccount, OrgUnit, Role } from '@/api/types';
import { useText } from '@/i18n/text';
import { Field, FieldFrame } from '@/ui/Field';
import { failureWords, fieldReason } from '@/ui/failure';
import { useOrgUnits } from './queries';

type Props = { error: Error | null; busy: boolean; onSave: (form: NewAccount) => void; onCancel: () => void };

export function AccountForm({ error, busy, onSave, onCancel }: Props) {
  const text = useText();
  const orgs = useOrgUnits();
  const [name, setName] = useState('');
  const [login, setLogin] = useState('');
  const [role, setRole] = useState<Role | ''>('');
  const [org, setOrg] = useState('');
  const ids = [useId(), useId()] as const;
  const paths = useMemo(() => orgPaths(orgs.data ?? []), [orgs.data]);
  const complete = name.trim() !== '' && login.trim() !== '' && role !== '' && org !== '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (role !== '' && complete) onSave({ name: name.trim(), login: login.trim(), roles: [{ role, org_id: org }] });
  };
  return (
    <form className="one-time" onSubmit={submit}>
      {error === null ? null : (
        <p className="door-error" role="alert">
          {failureWords(error, text)}
        </p>
      )}
      <div className="form-grid">
        <Field
          label={text.identity.name}
          error={fieldReason(error, 'name')}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={text.identity.login}
          hint={text.identity.loginHint}
          error={fieldReason(error, 'login')}
          autoCapitalize="none"
          value={login}
          onChange={(event) => setLogin(event.target.value)}
        />
        <FieldFrame id={ids[0]} label={text.identity.role} error={fieldReason(error, 'roles')}>
          <select id={ids[0]} className="input" value={role} onChange={(event) => setRole(event.target.value as Role)}>
            <option value="">{text.identity.choose}</option>
            {Object.entries(text.common.roles).map(([code, label]) => (
              <option key={code} value={code}>
                {label}
              </option>
            ))}
          </select>
        </FieldFrame>
        <FieldFrame
          id={ids[1]}
          label={text.identity.orgUnit}
          error={orgs.isError ? failureWords(orgs.error, text) : null}
        >
          <select id={ids[1]} className="input" value={org} onChange={(event) => setOrg(event.target.value)}>
            <option value="">{text.identity.choose}</option>
            {paths.map((each) => (
              <option key={each.id} value={each.id}>
                {each.path}
              </option>
            ))}
          </select>
        </FieldFrame>
      </div>
      <div className="row">
        <button type="submit" className="btn btn-primary" disabled={!complete || busy}>
          {text.identity.createAccount}
        </button>
        <button type="button" className="btn" onClick={onCancel}>
          {text.common.back}
        </button>
      </div>
    </form>
  );
}

function orgPaths(units: OrgUnit[]): { id: string; path: string }[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  const path = (unit: OrgUnit): string => {
    const parent = unit.parent_id === null ? undefined : byId.get(unit.parent_id);
    return parent === undefined ? unit.name : `${path(parent)} / ${unit.name}`;
  };
  return units.map((unit) => ({ id: unit.id, path: path(unit) })).sort((a, b) => a.path.localeCompare(b.path, 'zh'));
}
