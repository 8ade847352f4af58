// One labelled input: label above, hint below, an error says how to fix it.
import { type InputHTMLAttributes, type ReactNode, useId } from 'react';

type Props = InputHTMLAttributes<HTMLInputElement> & { label: string; hint?: string; error?: string | null };

export function Field({ label, hint, error, ...input }: Props) {
  const id = useId();
  return (
    <FieldFrame id={id} label={label} hint={hint} error={error}>
      <input
        id={id}
        className="input"
        aria-invalid={error ? true : undefined}
        aria-describedby={`${id}-note`}
        {...input}
      />
    </FieldFrame>
  );
}

export function FieldFrame(props: {
  id: string;
  label: string;
  hint?: string;
  error?: string | null;
  children: ReactNode;
}) {
  return (
    <div className={props.error ? 'field field-wrong' : 'field'}>
      <label className="field-label" htmlFor={props.id}>
        {props.label}
      </label>
      {props.children}
      <p className={props.error ? 'field-error' : 'field-hint'} id={`${props.id}-note`}>
        {props.error ?? props.hint}
      </p>
    </div>
  );
}
