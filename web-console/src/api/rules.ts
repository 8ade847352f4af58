// The rules in this browser: the same crate as the server's, compiled to WebAssembly, JSON in and JSON out.
import type { AgeBand, Answers, Danger, Sex, Suggestion, Uuid } from './types';

type Exports = {
  memory: WebAssembly.Memory;
  alloc: (len: number) => number;
  free: (address: number, len: number) => void;
  call: (address: number, len: number) => bigint;
};

/** Opaque here: handed back to `suggest` as it came. */
export type Scored = {
  code: string;
  version: string;
  hash?: string;
  scores: Record<string, { value: number | null; status: string; band: string | null }>;
  critical: { id: string; level?: string; reason: Record<string, string> }[];
  next?: string[];
};
export type ScoredPerson = { sex: Sex | null; age: number | null };
export type Look = 'not_needed' | 'pending' | 'refused' | 'broken_off' | 'done';
export type Case = {
  results: Scored[];
  age: number | null;
  declared_age: AgeBand | null;
  modifiers: string[];
  history: Record<string, unknown>;
  second_look: Look;
  seen: { within_2h: boolean };
  live: boolean;
  danger: Danger & { word_of_worker: boolean };
};

export class RuleRefusal extends Error {
  constructor(readonly detail: unknown) {
    super('the rules refused the request');
    this.name = 'RuleRefusal';
  }
}

export class Rules {
  private constructor(private readonly module: Exports) {}

  static async load(source: BufferSource | Response | PromiseLike<Response>): Promise<Rules> {
    const bytes = source instanceof ArrayBuffer || ArrayBuffer.isView(source) ? source : await readAll(await source);
    const { instance } = await WebAssembly.instantiate(bytes as BufferSource, {});
    return new Rules(instance.exports as unknown as Exports);
  }

  private ask<T>(request: object): T {
    return this.send(JSON.stringify(request));
  }

  private send<T>(request: string): T {
    const bytes = new TextEncoder().encode(request);
    const address = this.module.alloc(bytes.length);
    if (address === 0) throw new RuleRefusal('no memory');
    new Uint8Array(this.module.memory.buffer, address, bytes.length).set(bytes);
    const packed = BigInt.asUintN(64, this.module.call(address, bytes.length));
    const at = Number(packed >> 32n);
    const length = Number(packed & 0xffff_ffffn);
    const answer = new TextDecoder().decode(new Uint8Array(this.module.memory.buffer, at, length));
    this.module.free(address, bytes.length);
    this.module.free(at, length);
    const parsed = JSON.parse(answer) as { error?: unknown; ok?: T };
    if (parsed.error !== undefined) throw new RuleRefusal(parsed.error);
    return (parsed.ok ?? parsed) as T;
  }

  /** The definition as the server sent it: written anew it could have another hash. */
  loadScale(definition: string): { code: string; version: string; hash: string } {
    return this.send(`{"op":"load_scale","definition":${definition}}`);
  }
  loadPolicy(policy: unknown): void {
    this.ask({ op: 'load_policy', policy });
  }
  score(scale: { code: string; version: string }, person: ScoredPerson, answers: Answers): Scored {
    return this.ask<Scored>({ op: 'score', code: scale.code, version: scale.version, person, answers });
  }
  /** The items to ask, in order, given the answers so far. */
  asked(scale: { code: string; version: string }, person: ScoredPerson, answers: Answers): string[] {
    const { code, version } = scale;
    return this.ask<{ items: string[] }>({ op: 'asked', code, version, person, answers }).items;
  }
  suggest(visit: Case): Suggestion {
    return this.ask<Suggestion>({ op: 'suggest', case: visit });
  }
  alarmId(screeningId: Uuid): Uuid {
    const answer = this.ask<{ alarm_id: Uuid } | { id: Uuid }>({ op: 'alarm_id', screening_id: screeningId });
    return 'alarm_id' in answer ? answer.alarm_id : answer.id;
  }
}

async function readAll(response: Response): Promise<ArrayBuffer> {
  if (!response.ok) throw new Error(`rules.wasm: ${response.status}`);
  return response.arrayBuffer();
}

let loading: Promise<Rules> | undefined;
export function loadRules(): Promise<Rules> {
  loading ??= Rules.load(fetch('/rules.wasm')).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}
