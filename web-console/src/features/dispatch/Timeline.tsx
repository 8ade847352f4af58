// What happened with this alarm, append only, oldest first; a line that is on its way says so.
import { type RefObject, useLayoutEffect, useRef } from 'react';
import { serverNow } from '@/api/clock';
import type { TimelineLine } from '@/api/types';
import { say, type Text, useText } from '@/i18n/text';
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
        const told = timelineWords(line, text);
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

export function timelineWords(line: TimelineLine, text: Text): Told {
  const t = text.dispatch;
  const body = line.body ?? {};
  const field = (key: string) => {
    const value = body[key];
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
  };
  const plain = (words: string, bad = false): Told => ({ words: words.trim(), took: null, bad });
  const kind = line.type.replace(/^alarm\./, '');
  const post = field('post') === '' ? '' : postName(field('post'), text);
  const name = field('name') || field('to') || field('account');
  switch (kind) {
    case 'raised':
      return plain(t.lineRaised);
    case 'merged':
      return plain(t.lineMerged(field('count')));
    case 'told':
      return plain(t.lineTold(name, post));
    case 'presented':
      return plain(t.linePresented(name));
    case 'claimed':
      return { ...plain(t.verbs.claim), took: secs(body, t) };
    case 'claim_expired':
      return plain(t.lineClaimExpired, true);
    case 'acknowledged':
      return { ...plain(t.verbs.acknowledge), took: secs(body, t) };
    case 'ack_expired':
      return plain(t.lineAckExpired, true);
    case 'released':
      return plain(t.verbs.release);
    case 'noted':
      return plain(field('text'));
    case 'escalated':
      return plain(t.lineEscalated(field('step'), name, post, field('reason')), line.actor === null);
    case 'unreachable':
      return plain(t.lineUnreachable(field('how')), true);
    case 'closed':
      return plain(
        t.lineClosed((t.closeCodes as Record<string, string>)[field('code')] ?? field('code'), field('reason')),
      );
    case 'reopened':
      return plain(t.verbs.reopen);
    default: {
      const sent = body.text as { zh: string; en: string } | string | undefined;
      return plain(say(sent) || line.type);
    }
  }
}

function secs(body: Record<string, unknown>, t: Text['dispatch']): string | null {
  const value = body.after_secs ?? body.secs;
  return typeof value === 'number' ? t.tookSecs(Math.round(value * 10) / 10) : null;
}
