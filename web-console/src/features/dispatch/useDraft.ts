// A piece of state that survives closing the form and coming back to the same alarm.
import { useState } from 'react';
import { dropDraft, keepDraft, readDraft } from './drafts';

/** Mount with a `key` of the alarm, so that another alarm starts with its own text. */
export function useDraft<T>(id: string, empty: T): [T, (value: T) => void, () => void] {
  const [value, setValue] = useState<T>(() => readDraft(id, empty));
  const change = (next: T) => {
    keepDraft(id, next);
    setValue(next);
  };
  const clear = () => {
    dropDraft(id);
    setValue(empty);
  };
  return [value, change, clear];
}
