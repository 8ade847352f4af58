// What the runner needs of a scale definition: which questions, which options, in which words. No scoring here.
import type { AnswerCode, Answers, Localised, Sex } from './types';

export type ScaleOption = { code: AnswerCode; score: number | string | null; text?: Localised };
export type Operand = [string, unknown];
export type Condition =
  | { eq: Operand }
  | { ne: Operand }
  | { ge: Operand }
  | { gt: Operand }
  | { le: Operand }
  | { lt: Operand }
  | { in: [string, unknown[]] }
  | { answered: string }
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };
export type ScaleItem = {
  id: string;
  options: string;
  text?: Localised;
  show_if?: Condition;
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
export type Respondent = { sex: Sex | null; age: number | null; education_years?: number | null };

/** The items to ask, given what has been answered so far (skip logic; the score itself is the rules' business). */
export function askedItems(scale: ScaleDefinition, answers: Answers, who: Respondent): ScaleItem[] {
  return scale.items.filter((item) => {
    if (item.sex !== undefined && item.sex !== who.sex) return false;
    return item.show_if === undefined || holds(item.show_if, { scale, answers, who }) === true;
  });
}

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
  else if (key === 'answered') into.add((operand as string).replace(/^raw\./, ''));
  else into.add((operand as Operand)[0].replace(/^raw\./, ''));
}

type Known = { scale: ScaleDefinition; answers: Answers; who: Respondent };

// Yes, no, or unknown (undefined), as the format says.
function holds(condition: Condition, known: Known): boolean | undefined {
  if ('all' in condition) return fold(condition.all, known, false);
  if ('any' in condition) return fold(condition.any, known, true);
  if ('not' in condition) {
    const inner = holds(condition.not, known);
    return inner === undefined ? undefined : !inner;
  }
  if ('answered' in condition) return value(condition.answered, known) !== undefined;
  const [[test, operand]] = Object.entries(condition) as [[string, Operand]];
  const left = value(operand[0], known);
  return left === undefined ? undefined : compare(test, left, operand[1]);
}

function fold(conditions: Condition[], known: Known, decisive: boolean): boolean | undefined {
  const outcomes = conditions.map((each) => holds(each, known));
  if (outcomes.includes(decisive)) return decisive;
  return outcomes.includes(undefined) ? undefined : !decisive;
}

function compare(test: string, left: AnswerCode, right: unknown): boolean {
  if (test === 'in') return (right as unknown[]).some((each) => String(each) === String(left));
  if (test === 'eq') return String(left) === String(right);
  if (test === 'ne') return String(left) !== String(right);
  const a = Number(left);
  const b = Number(right);
  if (test === 'ge') return a >= b;
  if (test === 'gt') return a > b;
  return test === 'le' ? a <= b : a < b;
}

function value(operand: string, { scale, answers, who }: Known): AnswerCode | undefined {
  if (operand.startsWith('person.')) {
    const field = operand.slice(7) as keyof Respondent;
    return who[field] ?? undefined;
  }
  const id = operand.replace(/^raw\./, '');
  const code = answers[id];
  if (code === null || code === undefined) return undefined;
  if (operand.startsWith('raw.')) return code;
  const item = scale.items.find((each) => each.id === id);
  const score = item && optionsOf(scale, item).find((option) => option.code === code)?.score;
  return score === null || score === undefined ? undefined : score;
}
