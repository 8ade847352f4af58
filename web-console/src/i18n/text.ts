// Which language is spoken, and its words. A dictionary is a plain object: sentences with numbers are functions.
import { createContext, useContext } from 'react';
import type zh from './zh-CN/all';

type Widened<T> = T extends (...args: infer A) => string
  ? (...args: A) => string
  : T extends string
    ? string
    : { readonly [K in keyof T]: Widened<T[K]> };

export type Text = Widened<typeof zh>;
export type Language = 'zh-CN' | 'en';

const KEY = 'xindeng.language';

export function chosenLanguage(): Language {
  return localStorage.getItem(KEY) === 'en' ? 'en' : 'zh-CN';
}

export async function loadText(language: Language): Promise<Text> {
  const loaded: { default: Text } = language === 'en' ? await import('./en/all') : await import('./zh-CN/all');
  localStorage.setItem(KEY, language);
  document.documentElement.lang = language;
  current = loaded.default;
  currentLanguage = language;
  return loaded.default;
}

let current: Text | undefined;
let currentLanguage: Language = 'zh-CN';

export function spokenLanguage(): Language {
  return currentLanguage;
}

/** For code outside components, after the first `loadText`. */
export function currentText(): Text {
  if (current === undefined) throw new Error('no language is loaded');
  return current;
}

export const TextContext = createContext<{
  text: Text;
  language: Language;
  speak: (language: Language) => void;
} | null>(null);

export function useText(): Text {
  return useSpeech().text;
}

export function useSpeech(): { text: Text; language: Language; speak: (language: Language) => void } {
  const speech = useContext(TextContext);
  if (speech === null) throw new Error('useText outside of TextContext');
  return speech;
}

/** Words that the server or a scale sends in several languages. */
export function say(words: string | { zh?: string; en?: string } | Record<string, string> | null | undefined): string {
  if (words === null || words === undefined) return '';
  if (typeof words === 'string') return words;
  const all = words as Record<string, string | undefined>;
  const wanted = currentLanguage === 'en' ? [all.en] : [all.zh, all['zh-CN']];
  return wanted.find((text) => text) ?? all.zh ?? all['zh-CN'] ?? all.en ?? Object.values(all)[0] ?? '';
}
