// Whether the server is being reached, learnt from every request, and since when not.
import { forgetClock } from './clock';

export type Reach = { reached: boolean; since: number | null; lastAt: number | null };

let reach: Reach = { reached: true, since: null, lastAt: null };
const listeners = new Set<() => void>();

function set(next: Reach): void {
  reach = next;
  for (const listener of listeners) listener();
}
export function wasReached(): void {
  set({ reached: true, since: null, lastAt: Date.now() });
}
export function wasNotReached(): void {
  forgetClock();
  set({ ...reach, reached: false, since: reach.since ?? Date.now() });
}
export function subscribeReach(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
export function currentReach(): Reach {
  return reach;
}
