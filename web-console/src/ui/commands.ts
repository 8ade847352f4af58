// Operator commands: one object each, so that the button, the hot-key and the list of keys cannot disagree.
import { useEffect, useRef } from 'react';

export type Command<Context> = {
  id: string;
  label: (context: Context) => string;
  keys: readonly string[];
  /** How the key is written on a button; the first of `keys` unless given. */
  shown?: string;
  /** True, or the reason why not. Shown beside the button, never only in a tooltip. */
  may: (context: Context) => true | string | false;
  run: (context: Context) => void;
};

export function defineCommands<Context>(commands: readonly Command<Context>[]): readonly Command<Context>[] {
  const owners = new Map<string, string>();
  for (const command of commands) {
    for (const key of command.keys) {
      const owner = owners.get(key);
      if (owner !== undefined) throw new Error(`the key ${key} belongs to ${owner} and to ${command.id}`);
      owners.set(key, command.id);
    }
  }
  return commands;
}

type KeyLike = Pick<KeyboardEvent, 'key' | 'isComposing' | 'ctrlKey' | 'metaKey' | 'altKey' | 'repeat' | 'target'>;

/** Keys belong to text while there is focus in text, and to an input method while it composes. */
export function commandFor<Context>(
  commands: readonly Command<Context>[],
  event: KeyLike,
): Command<Context> | undefined {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return undefined;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const target = event.target as HTMLElement | null;
  const tag = target?.tagName ?? '';
  if (tag === 'INPUT' || tag === 'TEXTAREA' || tag === 'SELECT' || target?.isContentEditable) return undefined;
  // Space and Enter press what has focus; they are never a command at the same time.
  if ((key === ' ' || key === 'Enter') && (tag === 'BUTTON' || tag === 'A')) return undefined;
  return commands.find((command) => command.keys.includes(key));
}

export function useCommandKeys<Context>(commands: readonly Command<Context>[], context: Context, active = true): void {
  const latest = useRef(context);
  latest.current = context;
  useEffect(() => {
    if (!active) return;
    const press = (event: KeyboardEvent) => {
      if (document.querySelector('dialog[open]') !== null) return;
      const command = commandFor(commands, event);
      if (command === undefined) return;
      event.preventDefault();
      if (command.may(latest.current) === true) command.run(latest.current);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, [commands, active]);
}
