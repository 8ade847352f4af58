// What happened with this alarm, append only, oldest first; a line that is on its way says so.
import { type RefObject, useLayoutEffect, useRef } from 'react';
import { serverNow } from '@/api/clock';
import type { TimelineLine } from '@/api/types';
import { type Text, useText } from '@/i18n/text';
import { postName } from '@/ui/posts';
import { clock, span, stamp } from '@/ui/time';
import type { Flight } from './useAlarmCommands';

type Props = { lines: TimelineLine[]; raisedAt: string; flight: Flight | undefined; me: string; failed: boolean };

export function Timeline({ lines, raisedAt, flight, me, failed }: Props) {
  const text = useText();
  const list = useRef<HTMLOListElement>(null);
  useStickToEnd(list, lines.length + (flight === undefined ? 0 : 1));
  return (
    <ol className="tl" ref={list} aria-label={text.dispatch.record}>
      {failed ? <li className="tl-row tl-bad">{text.dispatch.recordNotLoaded}</li> : null}
      {lines.map((line) => {
        const told = timelineWords(line, raisedAt, text);
        return (
          <li key={line.seq} className={told.bad ? 'tl-row tl-bad' : line.actor === null ? 'tl-row tl-sys' : 'tl-row'}>
            <time className="tl-time" title={span(Date.parse(line.at) - Date.parse(raisedAt))}>
              {serverNow() - Date.parse(line.at) > 43_200_000 ? stamp(line.at) : clock(line.at)}
            </time>
            <div>
              {line.actor === null ? null : <b>{line.actor.name} </b>}
              {told.words}
              {told.took === null ? null : <em className="tl-took">{told.took}</em>}
            </div>
          </li>
        );
      })}
      {flight === undefined ? null : (
        <li className="tl-row tl-pend">
          <time className="tl-time">{clock(flight.since)}</time>
          <div>
            <b>{me} </b>
            {text.dispatch.verbs[flight.verb]}
            {typeof flight.body.text === 'string' ? ` “${flight.body.text}”` : ''}
            <em className="tl-took">
              {flight.state === 'flying' ? text.dispatch.delivering : text.dispatch.notDelivered}
            </em>
          </div>
        </li>
      )}
    </ol>
  );
}

// Follows the end only for somebody who was at the end.
function useStickToEnd(list: RefObject<HTMLOListElement | null>, length: number): void {
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    const box = list.current;
    if (box === null || length === 0) return;
    if (atEnd.current) box.scrollTop = box.scrollHeight;
    const note = () => {
      atEnd.current = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
    };
    box.addEventListener('scroll', note, { passive: true });
    return () => box.removeEventListener('scroll', note);
  }, [list, length]);
}

type Told = { words: string; took: string | null; bad: boolean };

export function timelineWords(line: TimelineLine, raisedAt: string, text: Text): Told {
  const t = text.dispatch;
  const body = line.body ?? {};
  const field = (key: string) => {
    const value = body[key];
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  };
  const said = line.text ?? '';
  const told = (body.told ?? {}) as { name?: string; post?: string };
  const post = told.post === undefined ? '' : postName(told.post, text);
  const plain = (words: string, bad = false): Told => ({ words: words.trim(), took: null, bad });
  switch (line.type.replace(/^alarm\./, '')) {
    case 'raised':
      return plain(t.lineRaised(said));
    case 'merged':
      return plain(t.lineMerged(field('count'), said));
    case 'told':
      return plain(t.lineTold(told.name ?? '', post));
    case 'presented':
      return plain(t.linePresented);
    case 'not_presented':
      return plain(t.lineNotPresented, true);
    case 'person_corrected':
      return plain(t.linePersonCorrected, true);
    case 'step_empty':
      return plain(t.lineStepEmpty, true);
    case 'claimed':
      return { ...plain(t.verbs.claim), took: since(line, raisedAt, t) };
    case 'claim_expired':
      return plain(t.lineClaimExpired, true);
    case 'acknowledged':
      return { ...plain(t.verbs.acknowledge), took: since(line, raisedAt, t) };
    case 'ack_expired':
      return plain(t.lineAckExpired, true);
    case 'released':
      return plain(t.verbs.release);
    case 'noted':
      return plain(said === '' ? t.lineNoted : said);
    case 'escalated':
      return plain(t.lineEscalated(said));
    case 'unreachable':
      return plain(t.lineUnreachable(said), true);
    case 'retry_due':
      return plain(t.lineRetryDue);
    case 'shelved':
      return plain(t.lineShelved(said));
    case 'unshelved':
      return plain(t.lineUnshelved);
    case 'close_asked':
      return plain(t.lineCloseAsked((t.closeCodes as Record<string, string>)[field('code')] ?? field('code')));
    case 'closed':
      return plain(t.lineClosed((t.closeCodes as Record<string, string>)[field('code')] ?? field('code')));
    case 'reopened':
      return plain(t.verbs.reopen);
    default:
      return plain(said === '' ? line.type : said);
  }
}

function since(line: TimelineLine, raisedAt: string, t: Text['dispatch']): string {
  return t.tookSecs(Math.round((Date.parse(line.at) - Date.parse(raisedAt)) / 100) / 10);
}
