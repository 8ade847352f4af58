// The server's clock as well as this device knows it. Ages on screen are counted by it.
let offsetMs = 0;

/** How far the server's clock is ahead of this device's. */
export function setClockOffset(ms: number): void {
  offsetMs = ms;
}
export function serverNow(): number {
  return Date.now() + offsetMs;
}
