// What is true about the system right now: link, engine, counts, age of the data, who sits here, the time.
import type { ReactNode } from 'react';
import type { LinkState } from '@/api/socket';
import type { Me, Priority } from '@/api/types';
import { useText } from '@/i18n/text';
import { Icon } from '@/ui/Icon';
import { PriorityMark } from '@/ui/Mark';
import { postName } from '@/ui/posts';
import { clock, dayLabel, span, useNow } from '@/ui/time';

type Props = {
  me: Me;
  link: LinkState;
  asOf: number;
  engineAt: string | null;
  counts: Record<Priority, { open: number; unclaimed: number }>;
  shelved: number;
  drills: number;
  flood: boolean;
  lately: number;
  pageIsOld: boolean;
  soundWords: string;
  soundBad: boolean;
  onSound: () => void;
};

const ENGINE_STALE_MS = 15_000;

export function StatusStrip(props: Props) {
  const { me, link, counts } = props;
  const text = useText();
  const t = text.dispatch;
  const now = useNow();
  const down = link.state === 'down';
  const engineAge = props.engineAt === null ? null : now - Date.parse(props.engineAt);
  const engineBad = down || engineAge === null || engineAge > ENGINE_STALE_MS;
  const post = me.duty[0]?.post;
  return (
    <header className="strip">
      <div className="strip-brand">
        <Icon name="lamp" />
        <b>{text.common.brand}</b>
        <span className="muted wide">{t.board}</span>
      </div>
      <dl className="strip-list" aria-label={t.systemState}>
        <Cell label={t.link} bad={down}>
          {down
            ? t.linkLost(span(Date.now() - (link.downSince ?? Date.now())))
            : link.state === 'connecting'
              ? t.connecting
              : link.roundTripMs === null
                ? text.common.unknown
                : `${link.roundTripMs} ms`}
        </Cell>
        <Cell label={t.engine} bad={engineBad}>
          {engineAge === null || down ? text.common.unknown : t.secondsAgo(Math.max(0, Math.round(engineAge / 1000)))}
        </Cell>
        <Cell label={t.dataAge} bad={down}>
          {props.asOf === 0
            ? text.common.unknown
            : down
              ? clock(props.asOf)
              : t.secondsAgo(Math.max(0, Math.round((now - props.asOf) / 1000)))}
        </Cell>
        <div className="strip-cell strip-counts">
          <dt className={down ? 'strip-dt is-bad' : 'strip-dt wide'}>
            {down ? t.asOf(clock(props.asOf)) : t.openAlarms}
          </dt>
          <dd className="strip-dd">
            {(['P1', 'P2', 'P3', 'P4'] as const).map((priority) => (
              <span key={priority} className={priority === 'P1' && counts.P1.unclaimed > 0 ? 'cnt hot' : 'cnt'}>
                <PriorityMark priority={priority} owned={counts[priority].unclaimed === 0} />
                <b>{counts[priority].open}</b>
                {priority === 'P1' && counts.P1.unclaimed > 0 ? (
                  <em className="cnt-note">{t.unclaimedCount(counts.P1.unclaimed)}</em>
                ) : null}
              </span>
            ))}
          </dd>
        </div>
        <Cell label={t.shelf} quiet>
          {props.shelved}
        </Cell>
        <Cell label={t.flood} quiet={!props.flood}>
          {props.flood ? t.floodOn : t.floodOff}
          <span className="strip-sub wide">{t.inTenMinutes(props.lately)}</span>
        </Cell>
      </dl>
      <div className="strip-cell">
        <button type="button" className={props.soundBad ? 'strip-sound is-bad' : 'strip-sound'} onClick={props.onSound}>
          <Icon name="volume" />
          {props.soundWords}
        </button>
      </div>
      {props.pageIsOld ? (
        <div className="strip-cell" role="status">
          <span className="strip-dd is-bad">{t.pageIsOld}</span>
          <button type="button" className="btn btn-small" onClick={() => location.reload()}>
            {t.reloadPage}
          </button>
        </div>
      ) : null}
      {props.drills > 0 ? (
        <div className="strip-cell drill">
          <span className="strip-drill">{t.drillsRunning(props.drills)}</span>
        </div>
      ) : null}
      <span className="grow" />
      <div className="strip-me">
        <span>
          {post === undefined ? t.noPost : postName(post, text)} <b>{me.account.name}</b>
        </span>
      </div>
      <div className="strip-clock">
        <time className="strip-time">{clock(now)}</time>
        <span className="wide muted">{dayLabel(now)}</span>
      </div>
    </header>
  );
}

/** `quiet`: left out on a narrow screen. */
function Cell(props: { label: string; bad?: boolean; quiet?: boolean; children: ReactNode }) {
  const { label, bad, quiet, children } = props;
  return (
    <div className={quiet ? 'strip-cell wide' : 'strip-cell'}>
      <dt className="strip-dt">{label}</dt>
      <dd className={bad ? 'strip-dd is-bad' : 'strip-dd'}>{children}</dd>
    </div>
  );
}
