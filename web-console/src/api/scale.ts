// What the runner needs of a scale definition: which questions, which options, in which words. What is asked, and what
// an answer comes to, the rules say.
import type { AnswerCode, Localised, Sex } from './types';

export type ScaleOption = { code: AnswerCode; score: number | string | null; text?: Localised };
/** One of the format's tests, as far as this page reads it: which items it looks at. Whether it holds, the rules say. */
type Condition = Record<string, unknown>;
export type ScaleItem = {
  id: string;
  options: string;
  text?: Localised;
  show_if?: unknown;
  sex?: Sex;
  optional?: boolean;
};
export type ScaleDefinition = {
  code: string;
  version: string;
  title: Localised;
  instructions?: Localised;
  locales?: Record<string, { status: 'official' | 'draft'; origin: string }>;
  options: Record<string, ScaleOption[]>;
  items: ScaleItem[];
  critical?: { id: string; if: Condition }[];
};

export function optionsOf(scale: ScaleDefinition, item: ScaleItem): ScaleOption[] {
  return scale.options[item.options] ?? [];
}

/** Items a critical rule reads: they never advance by themselves, though they look like the others. */
export function criticalItems(scale: ScaleDefinition): Set<string> {
  const found = new Set<string>();
  for (const rule of scale.critical ?? []) collect(rule.if, found);
  return found;
}

function collect(condition: Condition, into: Set<string>): void {
  const [[key, operand]] = Object.entries(condition) as [[string, unknown]];
  if (key === 'all' || key === 'any') for (const each of operand as Condition[]) collect(each, into);
  else if (key === 'not') collect(operand as Condition, into);
  else into.add(String(key === 'answered' ? operand : (operand as unknown[])[0]).replace(/^raw\./, ''));
}
