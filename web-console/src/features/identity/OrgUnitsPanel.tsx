// The org tree: districts, streets, grids, schools. A unit is added below another or renamed; it never moves.
import { type FormEvent, useId, useState } from 'react';
import { newId } from '@/api/ids';
import type { OrgUnit } from '@/api/types';
import { useText } from '@/i18n/text';
import { Field, FieldFrame } from '@/ui/Field';
import { failureWords, fieldReason } from '@/ui/failure';
import './identity.css';
import { kindsBelow } from './orgKinds';
import { useOrgUnits, useSaveOrgUnit } from './queries';

type Editing = { unit: OrgUnit; verb: 'add' | 'rename' };

export function OrgUnitsPanel() {
  const text = useText();
  const units = useOrgUnits();
  const [editing, setEditing] = useState<Editing | null>(null);
  const roots = (units.data ?? []).filter((unit) => !units.data?.some((each) => each.id === unit.parent_id));
  return (
    <section className="page-part" aria-labelledby="places-title">
      <h2 className="part-title" id="places-title">
        {text.identity.places(units.data?.length ?? null)}
      </h2>
      <p className="small muted">{text.identity.placesNeverMove}</p>
      {units.isError ? (
        <div className="box">
          <b className="box-title">{text.identity.placesNotLoaded}</b>
          {failureWords(units.error, text)}{' '}
          <button type="button" className="btn btn-small" onClick={() => void units.refetch()}>
            {text.common.tryAgain}
          </button>
        </div>
      ) : units.isPending ? (
        <p className="muted" aria-busy="true">
          {text.common.loading}
        </p>
      ) : (
        <ul className="tree">
          {roots.map((unit) => (
            <Branch key={unit.id} unit={unit} units={units.data} editing={editing} onEdit={setEditing} />
          ))}
        </ul>
      )}
    </section>
  );
}

type BranchProps = {
  unit: OrgUnit;
  units: OrgUnit[];
  editing: Editing | null;
  onEdit: (editing: Editing | null) => void;
};

function Branch({ unit, units, editing, onEdit }: BranchProps) {
  const text = useText();
  const below = units.filter((each) => each.parent_id === unit.id);
  const row = (
    <>
      <b>{unit.name}</b> <span className="small muted">{text.identity.orgKinds[unit.kind as 'grid'] ?? unit.kind}</span>
    </>
  );
  const acts = (
    <span className="tree-acts">
      {kindsBelow(unit.kind).length === 0 ? null : (
        <button type="button" className="btn btn-small" onClick={() => onEdit({ unit, verb: 'add' })}>
          {text.identity.addBelow}
          <span className="sr-only">{unit.name}</span>
        </button>
      )}
      <button type="button" className="btn btn-small" onClick={() => onEdit({ unit, verb: 'rename' })}>
        {text.identity.rename}
        <span className="sr-only">{unit.name}</span>
      </button>
    </span>
  );
  const form =
    editing?.unit.id === unit.id ? <UnitForm key={editing.verb} editing={editing} onDone={() => onEdit(null)} /> : null;
  if (below.length === 0) {
    return (
      <li>
        <div className="tree-row">
          {row}
          {acts}
        </div>
        {form}
      </li>
    );
  }
  return (
    <li>
      <details open={unit.parent_id === null || form !== null || undefined}>
        <summary className="tree-row tree-row-open">{row}</summary>
        {acts}
        {form}
        <ul>
          {below.map((each) => (
            <Branch key={each.id} unit={each} units={units} editing={editing} onEdit={onEdit} />
          ))}
        </ul>
      </details>
    </li>
  );
}

function UnitForm({ editing, onDone }: { editing: Editing; onDone: () => void }) {
  const text = useText();
  const save = useSaveOrgUnit();
  const { unit, verb } = editing;
  const adds = verb === 'add';
  // made once, so that a form sent twice is one unit
  const [id] = useState(() => (adds ? newId() : unit.id));
  const [kind, setKind] = useState(adds ? (kindsBelow(unit.kind)[0] ?? '') : unit.kind);
  const [code, setCode] = useState(adds ? '' : (unit.code ?? ''));
  const [name, setName] = useState(adds ? '' : unit.name);
  const kindId = useId();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const parent_id = adds ? unit.id : unit.parent_id;
    save.mutate({ id, form: { parent_id, kind, code: code.trim(), name: name.trim() } }, { onSuccess: onDone });
  };
  return (
    <form
      className="one-time"
      aria-label={adds ? text.identity.addBelowOf(unit.name) : text.identity.renameOf(unit.name)}
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onDone();
      }}
    >
      {save.isError ? (
        <p className="door-error" role="alert">
          {failureWords(save.error, text)}
        </p>
      ) : null}
      <div className="form-grid">
        {adds ? (
          <FieldFrame id={kindId} label={text.identity.orgKind} error={fieldReason(save.error, 'kind')}>
            <select id={kindId} className="input" value={kind} onChange={(event) => setKind(event.target.value)}>
              {kindsBelow(unit.kind).map((each) => (
                <option key={each} value={each}>
                  {text.identity.orgKinds[each]}
                </option>
              ))}
            </select>
          </FieldFrame>
        ) : null}
        <Field
          label={text.identity.orgName}
          error={fieldReason(save.error, 'name')}
          maxLength={60}
          autoFocus
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={text.identity.orgCode}
          hint={text.identity.orgCodeHint}
          error={fieldReason(save.error, 'code')}
          autoCapitalize="none"
          maxLength={32}
          value={code}
          onChange={(event) => setCode(event.target.value)}
        />
      </div>
      <div className="row">
        <button
          type="submit"
          className="btn btn-primary"
          disabled={name.trim() === '' || code.trim() === '' || save.isPending}
        >
          {adds ? text.identity.addUnit : text.identity.saveName}
        </button>
        <button type="button" className="btn" onClick={onDone}>
          {text.common.back}
        </button>
      </div>
    </form>
  );
}
