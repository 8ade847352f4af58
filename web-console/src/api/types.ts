// What the server says and takes, as written in the HTTP and live-socket contract. The only file with wire types.

export type Uuid = string;
export type Timestamp = string; // RFC 3339, UTC
export type LocalDate = string; // YYYY-MM-DD
export type Words = { zh: string; en: string };

// ---- errors (RFC 9457) ----
export type Problem = {
  type: string;
  title: string;
  status: number;
  detail?: string;
  errors?: { field: string; reason: string }[];
  request_id?: string;
  winner?: { name: string; at: Timestamp };
  current_version?: number;
};

// ---- identity ----
export type Role =
  | 'grid_worker'
  | 'police'
  | 'mediator'
  | 'counsellor'
  | 'supervisor'
  | 'dispatcher'
  | 'duty_lead'
  | 'clinician'
  | 'school_psychologist'
  | 'case_worker'
  | 'director'
  | 'city_leader'
  | 'system_admin'
  | 'security_admin'
  | 'audit_admin';

export type RoleAt = { role: Role; org_id: Uuid; org_name?: string };
export type Account = { id: Uuid; login: string; name: string; roles: RoleAt[]; home: string };
export type Helpline = { label_zh: string; label_en: string; number: string };
export type Tenant = { id: Uuid; name: string; zone: string; fictional: boolean; helplines: Helpline[] };
export type Me = {
  account: Account;
  tenant: Tenant;
  csrf: string;
  permissions: string[];
  duty: { post: string; org_id: Uuid; org_name?: string; since: Timestamp }[];
  has_second_factor?: boolean;
  needs_second_factor?: boolean;
};
export type SignIn = { login: string; password: string; code?: string };
export type SignedIn = { token?: string; account: Account };
export type OrgUnit = { id: Uuid; parent_id: Uuid | null; kind: string; name: string; code: string | null };
/** What one administrator has asked for an account and another decides. */
export type AccountRequest = {
  id: Uuid;
  kind: 'roles' | 'reset';
  roles: RoleAt[];
  asked_by: Uuid;
  asked_by_name: string;
  asked_at: Timestamp;
  is_approved: boolean;
};
export type AccountRow = {
  id: Uuid;
  login: string;
  name: string;
  roles: RoleAt[];
  requests: AccountRequest[];
  has_password: boolean;
  has_second_factor: boolean;
  disabled_at: Timestamp | null;
  setup_expires_at: Timestamp | null;
  created_at: Timestamp;
  version: number;
};
export type NewAccount = { login: string; name: string; roles: { role: Role; org_id: Uuid }[] };
export type NewOrgUnit = { parent_id: Uuid | null; kind: string; code: string; name: string };
export type OneTimeLink = { setup_path: string };
/** It waits for a second person. */
export type Waiting = { waits_for: string };
export type SetupInfo = { login: string; name: string };
export type SecondFactorStart = { secret: string; otpauth_url: string };
export type DutyHolder = {
  post: string;
  org_id: Uuid;
  org_name: string;
  account_id: Uuid;
  name: string;
  since: Timestamp;
};
/** `mine`: posts that this account may stand on. */
export type Duty = { holders: DutyHolder[]; mine: string[]; as_of: Timestamp };

// ---- scales ----
export type Localised = Record<string, string>;
/** `offered`: languages that may be put before a person here. */
export type ScaleRow = {
  code: string;
  version: string;
  hash: string;
  title: Localised;
  items: number;
  offered: string[];
};
export type ScaleRef = { code: string; version: string };
export type AnswerCode = number | string;
export type Answers = Record<string, AnswerCode | null>;

// ---- people, screening ----
export type Sex = 'F' | 'M' | 'U';
export type WorklistPerson = {
  id: Uuid;
  name: string;
  sex: Sex | null;
  age: number | null;
  address: string | null;
  phone_tail: string | null;
  modifiers: string[];
  org_id?: Uuid;
};
export type Target = {
  id: Uuid;
  campaign_id: Uuid;
  campaign_title: string;
  person: WorklistPerson;
  scales: ScaleRef[];
  due_on: LocalDate | null;
  state: 'todo' | 'done';
  done?: { screening_id: Uuid; received_at: Timestamp; receipt: string } | null;
};
export type Notice = {
  version: string;
  text: Words;
  /** Shown in addition, to a guardian, for children below this age. */
  guardian: { below_age: number } & Words;
  recipients: ({ code: string } & Words)[];
};
export type Worklist = {
  as_of: Timestamp;
  worker: { id: Uuid; name: string };
  targets: Target[];
  notice: Notice;
  helplines: Helpline[];
  is_truncated: boolean;
};
export type Consent = {
  notice_version: string;
  given_at: Timestamp;
  by: 'self' | 'guardian';
  guardian_relation?: string;
};
export type Screening = {
  person_id: Uuid;
  campaign_id?: Uuid;
  target_id?: Uuid;
  visit_id: Uuid;
  look_of?: Uuid;
  scale: string;
  version: string;
  answers: Answers;
  mode: 'self' | 'interview' | 'paper';
  locale: string;
  started_at: Timestamp;
  finished_at: Timestamp;
  item_ms?: Record<string, number>;
  seen: 'in_person' | 'remote';
  broken_off?: boolean;
  look_refused?: boolean;
  consent: Consent | null;
  danger_to_life?: { reason: string };
  device?: { tier: number; scale_hash: string; policy: string };
};
export type ScreeningReceipt = {
  receipt: string;
  received_at: Timestamp;
  screening_id: Uuid;
  suggestion: Suggestion;
  queue_item?: {
    id: Uuid;
    tier: number;
    owner: { post: string; name: string | null } | null;
    due_at: Timestamp | null;
  } | null;
  alarm_id?: Uuid | null;
};
export type DangerSeen = { suggestion: Suggestion; alarm_id: Uuid | null };
export type Danger = {
  act_under_way: boolean | null;
  means_within_reach: boolean | null;
  alone: boolean | null;
};

// ---- triage ----
export type Tier = 0 | 1 | 2 | 3 | 4;
export type Reason = {
  row: string;
  text: Words;
  source: string;
  inputs?: Record<string, number>;
  tier?: number;
};
export type Counterfactual = { text: Words; tier: number };
export type Suggestion = {
  tier: Tier;
  policy: string;
  reasons: Reason[];
  priority: Priority | null;
  first_contact_secs: number | null;
  rescreen_weeks: [number, number] | null;
  owner: string | null;
  alarm: { priority: Priority; after_secs: number } | null;
  second_look: string | null;
  next: string[];
  ask: string[];
  advice: Words;
  would_change: Counterfactual[];
};
export type QueueItem = {
  id: Uuid;
  version: number;
  tier: number;
  suggested_tier: number;
  state: 'open' | 'confirmed' | 'closed';
  person: { id: Uuid; name_masked: string; sex: string; age: number | null };
  org: { id: Uuid; name: string; district_id: Uuid; district: string };
  screening_id: Uuid | null;
  headline: Words;
  reasons: Reason[];
  policy: string;
  scales: { code: string; version: string; hash: string }[];
  /** `through`: the post that answers because the ones before it are empty. */
  owner: { post: string; account_id: Uuid | null; name: string | null; through: string | null } | null;
  /** What it waits for by `due_at`. */
  stage: 'first_contact' | 'interview' | 'follow_up' | 'outcome';
  /** Which follow-up, from 1; 0 for other stages. */
  follow_up: number;
  follow_ups: number;
  due_at: Timestamp | null;
  overdue_at?: Timestamp | null;
  contacted_at?: Timestamp | null;
  alarm_id?: Uuid | null;
  created_at: Timestamp;
  attempts: number;
  /** So many before the person counts as not to be reached. */
  attempts_needed: number;
  /** Outcomes that one person alone cannot give. */
  second_person_for: string[];
  /** Wants a lower tier, or an outcome. */
  second_person?: { asked_by: Uuid; tier: number | null; outcome: string | null; reason: string | null } | null;
  closed_at?: Timestamp | null;
  close_outcome?: string | null;
};
export type QueueChange = {
  at: Timestamp;
  by: string | null;
  kind: string;
  from_tier: number | null;
  to_tier: number | null;
  note: string | null;
};
export type AnswerShown = { item: string; text: Words; answer: Words | null; critical?: boolean };
/** `behind_secs`: how far the device's clock was behind; below 0 it was ahead. */
export type ClockNote = { behind_secs: number; flags: string[] };
export type QueueItemFull = QueueItem & {
  name: string | null;
  phone: string | null;
  address: string | null;
  suggestion: Suggestion | null;
  clock?: ClockNote | null;
  answers?: AnswerShown[];
  history: QueueChange[];
};

// ---- dispatch ----
export type Priority = 'P1' | 'P2' | 'P3' | 'P4';
export type AlarmKind = 'button' | 'screening' | 'word' | 'api' | 'system' | 'canary';
export type AlarmState = 'raised' | 'claimed' | 'acknowledged' | 'closed';
export type Told = {
  account_id: Uuid;
  name?: string;
  post: string;
  at: Timestamp;
  receipt_at: Timestamp | null;
};
export type Holder = { by_id: Uuid; by: string; at: Timestamp; until: Timestamp };
export type CloseCode = 'helped' | 'handed_over' | 'false_alarm' | 'accidental' | 'test' | 'duplicate' | 'cannot_reach';
export type Alarm = {
  id: Uuid;
  version: number;
  number: number;
  state: AlarmState;
  priority: Priority;
  kind: AlarmKind;
  headline: Words;
  who: { person_id: Uuid | null; name_masked: string; sex: string; age: number | null } | null;
  /** `place` as the sender said it; `address` only in an alarm that was opened. */
  where: {
    org_id: Uuid;
    org_name: string;
    district_id?: Uuid;
    district: string;
    place: string | null;
    address: string | null;
  };
  why: { text: Words; source: string; row: string }[];
  count: number;
  raised_at: Timestamp;
  last_press_at: Timestamp;
  raised_by: { id: Uuid; name: string } | null;
  claim_due_at?: Timestamp | null;
  /** A screen showed it first. */
  presented_at: Timestamp | null;
  escalation_step: number;
  next_step: { at: Timestamp; who: Words } | null;
  told: Told[];
  claimed: Holder | null;
  acknowledged: Holder | null;
  /** The person was not reached and is tried again then. */
  retry_at: Timestamp | null;
  /** A close that waits for a second person. */
  close_asked: { by_id: Uuid; by: string; at: Timestamp; code: CloseCode; reason: string } | null;
  /** Closing with one of these takes two. */
  second_person_for: CloseCode[];
  shelved_until: Timestamp | null;
  returned_at: Timestamp | null;
  drill: boolean;
  closed: { code: CloseCode; reason: string; by: string; at: Timestamp; second?: string | null } | null;
  queue_item_id: Uuid | null;
  screening_id: Uuid | null;
};
export type TimelineLine = {
  seq: number;
  at: Timestamp;
  actor: { id?: Uuid; name: string } | null;
  type: string;
  body: Record<string, unknown> | null;
  /** What was written with it. */
  text: string | null;
};
export type AlarmFull = Alarm & {
  timeline: TimelineLine[];
  person: { name: string; phone: string | null; address: string | null } | null;
};
export type RaiseAlarm = {
  kind: AlarmKind;
  priority?: 1 | 2 | 3 | 4;
  person_id?: Uuid;
  screening_id?: Uuid;
  org_id?: Uuid;
  place?: string;
  note?: string;
  raised_at: Timestamp;
  drill?: boolean;
};
export type RaisedAlarm = { alarm?: Alarm; durable?: 'local' };

/** What the server keeps on its own disk while the database is away: known to be there, not in the list yet. */
export type JournalAlarm = {
  id: Uuid;
  kind: AlarmKind;
  priority: Priority;
  headline: Words;
  place: string | null;
  org_id: Uuid | null;
  person_id: Uuid | null;
  raised_at: Timestamp;
  raised_by: { id: Uuid; name: string };
  drill: boolean;
};

// ---- live socket ----
export type Cursor = { stream: string; epoch: number; seq: number };
export type ClientFrame =
  | { t: 'hello'; resume: Cursor[] }
  | { t: 'presented'; alarm_id: Uuid }
  | { t: 'ping'; n: number };
export type EventBody = {
  alarm?: Alarm;
  queue_item?: QueueItem;
  told?: { account_id: Uuid; post: string };
  duty?: unknown;
  [key: string]: unknown;
};
export type ServerFrame =
  | { t: 'welcome'; now: Timestamp; account_id: Uuid }
  | ({ t: 'snapshot'; now: Timestamp; alarms?: Alarm[]; queue?: QueueItem[] } & Cursor)
  | ({ t: 'ev'; type: string; at: Timestamp; body: EventBody } & Cursor)
  | {
      t: 'heads';
      now: Timestamp;
      heads: Record<string, { epoch: number; seq: number }>;
      engine_at: Timestamp | null;
    }
  | { t: 'local_alarm'; alarm: JournalAlarm }
  | { t: 'local_alarm_kept'; id: Uuid; alarm_id: Uuid }
  | { t: 'pong'; n: number; now: Timestamp };
