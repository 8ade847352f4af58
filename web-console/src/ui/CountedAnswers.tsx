// The answers that a suggestion rests on, in the words of the scale: question, answer, and which rule read it.
import { useQueries } from '@tanstack/react-query';
import { get } from '@/api/http';
import { optionsOf, type ScaleDefinition } from '@/api/scale';
import type { Reason } from '@/api/types';
import { say, useText } from '@/i18n/text';

type Props = { reasons: Reason[]; scales: { code: string; version: string }[] };

/** A version of a scale never changes, so its wording is asked for once. */
function useScaleWords(scales: Props['scales']): Map<string, ScaleDefinition> {
  const answers = useQueries({
    queries: scales.map((scale) => ({
      queryKey: ['scale', scale.code, scale.version],
      queryFn: () => get<ScaleDefinition>(`/scales/${scale.code}/${scale.version}`),
      staleTime: Number.POSITIVE_INFINITY,
    })),
  });
  return new Map(answers.flatMap((answer) => (answer.data === undefined ? [] : [[answer.data.code, answer.data]])));
}

export function CountedAnswers({ reasons, scales }: Props) {
  const text = useText();
  const words = useScaleWords(scales);
  const rows = countedItems(reasons).flatMap(({ code, id, value }) => {
    const scale = words.get(code);
    const item = scale?.items.find((each) => each.id === id);
    if (scale === undefined || item === undefined) return [];
    const option = optionsOf(scale, item).find((each) => Number(each.score) === value);
    return [
      {
        key: `${code}.${id}`,
        scale: say(scale.title),
        number: id.replace(/^q/, ''),
        question: say(item.text),
        answer: say(option?.text) || String(value),
      },
    ];
  });
  if (rows.length === 0) return null;
  return (
    <section className="wp-part">
      <h2 className="part-head">
        {text.dispatch.countedAnswers} <small className="faint">{text.dispatch.lookRecorded}</small>
      </h2>
      <ol className="answers">
        {rows.map((row) => (
          <li key={row.key} className="answer is-critical">
            <span className="faint">{row.number}</span>
            <span>
              {row.question}
              <small className="facts-sub">{row.scale}</small>
            </span>
            <b>{row.answer}</b>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Inputs are written `scale.item` or `scale.score`; only items are answers. */
export function countedItems(reasons: Reason[]): { code: string; id: string; value: number }[] {
  const found = new Map<string, { code: string; id: string; value: number }>();
  for (const reason of reasons) {
    for (const [key, value] of Object.entries(reason.inputs ?? {})) {
      const parts = /^([a-z0-9_]+)\.(q\d+[a-z]?)$/.exec(key);
      if (parts?.[1] !== undefined && parts[2] !== undefined) found.set(key, { code: parts[1], id: parts[2], value });
    }
  }
  return [...found.values()];
}
