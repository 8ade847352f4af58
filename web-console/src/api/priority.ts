// Priorities are shown as P1 to P4 and sent as 1 to 4.
import type { Priority } from './types';

export function priorityNumber(priority: Priority): 1 | 2 | 3 | 4 {
  return ({ P1: 1, P2: 2, P3: 3, P4: 4 } as const)[priority];
}
