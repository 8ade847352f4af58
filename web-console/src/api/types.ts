// What the server says and takes. The shapes are generated from the API's own document (types.gen.ts); here they get the
// names this console uses, and are said more closely where the document says only "text" or leaves JSON open. A field
// that the API renames or drops is an error of the type check wherever it is used.
import type { components } from './types.gen';

type Schemas = components['schemas'];
/** As it comes in an answer: nothing is left out, what is empty is null. */
type Whole<T> = T extends (infer Each)[] ? Whole<Each>[] : T extends object ? { [K in keyof T]-?: Whole<T[K]> } : T;
type Open = Record<string, never>;
type CloserThan<T, More> = {
  [K in keyof More]: K extends keyof T ? (T[K] extends Open | undefined ? object | undefined : T[K]) : never;
};
/** The same, with some of its fields said more closely. Only fields that it has, and only what fits them. */
type Closer<T, More extends CloserThan<T, More>> = Omit<T, keyof More> & More;

export type Uuid = string;
export type Timestamp = string; // RFC 3339, UTC
export type LocalDate = string; // YYYY-MM-DD
export type Words = Schemas['Text'];

// ---- errors (RFC 9457) ----
export type Problem = Omit<Schemas['ProblemDetails'], 'request_id'> & {
  request_id?: string;
  /** Beside the document: who was faster. */
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

export type RoleAt = Closer<Whole<Schemas['RoleView']>, { role: Role }>;
export type Account = Closer<Whole<Schemas['AccountBrief']>, { roles: RoleAt[] }>;
export type Helpline = { label_zh: string; label_en: string; number: string };
export type Tenant = Closer<Whole<Schemas['TenantView']>, { helplines: Helpline[] }>;
export type Me = Closer<Whole<Schemas['Me']>, { account: Account; tenant: Tenant }>;
export type SignIn = Schemas['SignIn'];
export type SignedIn = Schemas['SessionView'];
export type OrgUnit = Whole<Schemas['OrgUnit']>;
/** What one administrator has asked for an account and another decides. */
export type AccountRequest = Closer<Whole<Schemas['AccountRequest']>, { kind: 'roles' | 'reset'; roles: RoleAt[] }>;
export type AccountRow = Closer<Whole<Schemas['AccountView']>, { roles: RoleAt[]; requests: AccountRequest[] }>;
export type NewAccount = Closer<Schemas['PutAccount'], { roles: { role: Role; org_id: Uuid }[] }>;
export type NewOrgUnit = Schemas['PutOrgUnit'];
export type OneTimeLink = Schemas['SetupLink'];
/** It waits for a second person. */
export type Waiting = Schemas['Waiting'];
export type SetupInfo = Schemas['SetupView'];
export type SecondFactorStart = Schemas['EnrolmentView'];
export type DutyHolder = Whole<Schemas['Holder']>;
/** `mine`: posts that this account may stand on. */
export type Duty = Whole<Schemas['DutyView']>;

// ---- scales ----
export type Localised = Record<string, string>;
/** `offered`: languages that may be put before a person here. */
export type ScaleRow = Closer<Whole<Schemas['ScaleView']>, { title: Localised }>;
export type ScaleRef = Schemas['ScaleRef'];
export type AnswerCode = number | string;
export type Answers = Record<string, AnswerCode | null>;

// ---- people, screening ----
export type Sex = 'F' | 'M' | 'U';
export type WorklistPerson = Closer<Whole<Schemas['TargetPerson']>, { sex: Sex }>;
export type Target = Closer<Whole<Schemas['TargetView']>, { person: WorklistPerson }>;
/** `guardian` is shown in addition, to a guardian, for children below that age. */
export type Notice = Whole<Schemas['NoticeView']>;
export type Worklist = Closer<Whole<Schemas['WorklistView']>, { targets: Target[]; helplines: Helpline[] }>;
/** Where no birth date is on file the person says how old they are. */
export type AgeBand = 'under_14' | '14_to_17' | 'adult';
export type GuardianRelation =
  | 'mother'
  | 'father'
  | 'grandparent'
  | 'elder_sibling'
  | 'spouse'
  | 'adult_child'
  | 'other_guardian';
export type Consent = Closer<
  Schemas['Consent'],
  { guardian_relation?: GuardianRelation | null; declared_age?: AgeBand | null }
>;
export type Screening = Closer<Schemas['PutScreening'], { answers: Answers; item_ms?: Record<string, number> }>;
export type ScreeningReceipt = Closer<Whole<Schemas['Receipt']>, { suggestion: Suggestion }>;
export type DangerSeen = Closer<Whole<Schemas['DangerView']>, { suggestion: Suggestion }>;
/** Yes, no, or not known: what the worker on the spot is asked. */
export type Danger = Whole<Pick<Schemas['PutDanger'], 'act_under_way' | 'means_within_reach' | 'alone'>>;

// ---- triage ----
export type Tier = 0 | 1 | 2 | 3 | 4;
// What the rules say is their own JSON, kept and sent whole.
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
export type QueueItem = Closer<
  Whole<Schemas['QueueItemView']>,
  {
    state: 'open' | 'confirmed' | 'closed';
    stage: 'first_contact' | 'interview' | 'follow_up' | 'outcome';
    reasons: Reason[];
    scales: { code: string; version: string; hash: string }[];
  }
>;
export type QueueChange = Whole<Schemas['ChangeView']>;
export type AnswerShown = { item: string; text: Words; answer: Words | null; critical?: boolean };
export type ClockNote = Schemas['ClockView'];
export type QueueItemFull = QueueItem &
  Closer<Whole<Omit<Schemas['QueueItemDetail'], keyof Schemas['QueueItemView']>>, { suggestion: Suggestion | null }> & {
    answers?: AnswerShown[];
  };

// ---- dispatch ----
export type Priority = 'P1' | 'P2' | 'P3' | 'P4';
export type AlarmKind = 'button' | 'screening' | 'word' | 'api' | 'system' | 'canary';
export type AlarmState = 'raised' | 'claimed' | 'acknowledged' | 'closed';
export type Told = Whole<Schemas['AlarmTold']>;
export type Holder = Whole<Schemas['AlarmHeld']>;
export type CloseCode = 'helped' | 'handed_over' | 'false_alarm' | 'accidental' | 'test' | 'duplicate' | 'cannot_reach';
/**
 * `where.place` as the sender said it, `where.address` only in an alarm that was opened; `presented_at`: a screen showed
 * it first; `retry_at`: the person was not reached and is tried again then; `close_asked`: waits for a second person;
 * `second_person_for`: closing with one of these takes two.
 */
export type Alarm = Closer<
  Whole<Schemas['Alarm']>,
  {
    state: AlarmState;
    priority: Priority;
    kind: AlarmKind;
    close_asked: Closer<Whole<Schemas['AlarmCloseAsked']>, { code: CloseCode }> | null;
    closed: Closer<Whole<Schemas['AlarmClosed']>, { code: CloseCode }> | null;
    second_person_for: CloseCode[];
  }
>;
export type TimelineLine = Closer<Whole<Schemas['AlarmHappened']>, { body: Record<string, unknown> | null }>;
export type AlarmFull = Alarm &
  Closer<Whole<Omit<Schemas['AlarmDetail'], keyof Schemas['Alarm']>>, { timeline: TimelineLine[] }>;
export type RaiseAlarm = Closer<Schemas['PutAlarm'], { kind: AlarmKind; priority?: 1 | 2 | 3 | 4 }>;
/** On a server without its database the alarm is only kept: `durable`. */
export type RaisedAlarm = { alarm?: Alarm; durable?: string };

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
  | ({ t: 'snapshot'; alarms?: Alarm[]; queue?: QueueItem[] } & Cursor)
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
