// F6 walks through the regions of the board.
import { useEffect } from 'react';

const REGIONS = ['queue', 'work', 'record'];

export function useRegions(): void {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key !== 'F6') return;
      event.preventDefault();
      const at = REGIONS.findIndex((id) => document.getElementById(id)?.contains(document.activeElement));
      const step = event.shiftKey ? -1 : 1;
      const id = REGIONS[(at + step + REGIONS.length) % REGIONS.length] ?? 'queue';
      const region = document.getElementById(id);
      const stop = region?.querySelector<HTMLElement>('[data-row][tabindex="0"]') ?? region;
      stop?.focus();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
}
