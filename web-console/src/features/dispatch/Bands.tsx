// Bands under the strip: the line is lost, somebody calls you, the speaker has not been tested.
import { useState } from 'react';
import type { LinkState } from '@/api/socket';
import type { Alarm } from '@/api/types';
import { say, useText } from '@/i18n/text';
import { PriorityMark } from '@/ui/Mark';
import { play, type Sound, unlockSound } from '@/ui/sound';
import { clock, span, useNow } from '@/ui/time';
import { placeWords } from './AlarmRow';

export function OfflineBand({ link, asOf, line }: { link: LinkState; asOf: number; line: string | undefined }) {
  const t = useText().dispatch;
  useNow();
  if (link.state !== 'down') return null;
  return (
    <div className="band band-ink" role="alert">
      <b className="band-title" aria-live="off">
        {t.connectionLost(span(Date.now() - (link.downSince ?? Date.now())))}
      </b>
      <span className="grow">
        {asOf === 0 ? t.nothingYet : t.pictureOf(clock(asOf))}
        {line === undefined ? '' : t.urgentCall(line)}
      </span>
      <span aria-live="off">{t.reconnecting(link.tries)}</span>
    </div>
  );
}

export function CalledBand({ alarm, onOpen }: { alarm: Alarm | undefined; onOpen: (alarm: Alarm) => void }) {
  const t = useText().dispatch;
  const now = useNow();
  if (alarm === undefined) return null;
  const place = placeWords(alarm);
  return (
    <div className="band band-called" role="alert">
      <b className="band-title">{t.callsYou}</b>
      <PriorityMark priority={alarm.priority} />
      <span className="grow ellipsis">
        <b>{say(alarm.headline)}</b> {place}
      </span>
      <span className="nowrap" aria-live="off">
        {t.waitedWithoutAnyone(span(now - Date.parse(alarm.raised_at)))}
      </span>
      <button type="button" className="btn" onClick={() => onOpen(alarm)}>
        {t.open}
      </button>
    </div>
  );
}

const PARTS: Sound[] = ['P1', 'P2', 'P3', 'fault'];
const PART_MS = 1_300;

export function SoundBand({ onPassed, onLater }: { onPassed: () => void; onLater: (() => void) | null }) {
  const t = useText().dispatch;
  const [playing, setPlaying] = useState<Sound | 'done' | 'locked' | null>(null);
  const test = async () => {
    if (!(await unlockSound())) return setPlaying('locked');
    for (const part of PARTS) {
      setPlaying(part);
      play(part, { test: true });
      await new Promise((resolve) => setTimeout(resolve, PART_MS));
    }
    setPlaying('done');
  };
  const words: Record<string, string> = { P1: t.soundP1, P2: t.soundP2, P3: t.soundP3, fault: t.soundFault };
  return (
    <div className="band band-sound" role="region" aria-label={t.speakerTest}>
      <b className="band-title">{t.notStaffed}</b>
      <span className="grow">
        {playing === null
          ? t.testWhy
          : playing === 'locked'
            ? t.soundLocked
            : playing === 'done'
              ? t.heardAll
              : t.nowPlaying(words[playing] ?? '')}
      </span>
      {playing === 'done' ? (
        <>
          <button type="button" className="btn btn-primary" onClick={onPassed}>
            {t.heard}
          </button>
          <button type="button" className="btn" onClick={() => void test()}>
            {t.notHeard}
          </button>
        </>
      ) : (
        <button
          type="button"
          className="btn btn-primary"
          disabled={playing !== null && playing !== 'locked'}
          onClick={() => void test()}
        >
          {t.testSpeaker}
        </button>
      )}
      {onLater === null ? null : (
        <button type="button" className="btn" onClick={onLater}>
          {t.later}
        </button>
      )}
    </div>
  );
}
