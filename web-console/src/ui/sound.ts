// Four sounds made by the browser itself: P1, P2, P3, system fault. Nothing sounds before a person unlocked it.
export type Sound = 'P1' | 'P2' | 'P3' | 'fault';
type Tone = { at: number; hz: number; secs: number; shape?: OscillatorType };

// Told apart by rhythm, not only by pitch: three rising, two even, one low, a falling pair.
const TONES: Record<Sound, Tone[]> = {
  P1: [
    { at: 0, hz: 880, secs: 0.16, shape: 'square' },
    { at: 0.2, hz: 1108, secs: 0.16, shape: 'square' },
    { at: 0.4, hz: 1318, secs: 0.34, shape: 'square' },
  ],
  P2: [
    { at: 0, hz: 740, secs: 0.18 },
    { at: 0.28, hz: 740, secs: 0.18 },
  ],
  P3: [{ at: 0, hz: 494, secs: 0.22 }],
  fault: [
    { at: 0, hz: 392, secs: 0.3, shape: 'triangle' },
    { at: 0.34, hz: 262, secs: 0.42, shape: 'triangle' },
  ],
};
const LOUDNESS: Record<Sound, number> = { P1: 0.32, P2: 0.4, P3: 0.3, fault: 0.4 };

let audio: AudioContext | undefined;
let mutedUntil = 0;
let playing: OscillatorNode[] = [];

/** Must be called from a press: browsers keep sound locked until then. */
export async function unlockSound(): Promise<boolean> {
  audio ??= new AudioContext();
  await audio.resume();
  return audio.state === 'running';
}
export function soundIsUnlocked(): boolean {
  return audio?.state === 'running';
}

export function play(sound: Sound, options: { test?: boolean } = {}): void {
  if (audio === undefined || audio.state !== 'running') return;
  if (!options.test && Date.now() < mutedUntil) return;
  const start = audio.currentTime + 0.01;
  for (const tone of TONES[sound]) {
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    oscillator.type = tone.shape ?? 'sine';
    oscillator.frequency.value = tone.hz;
    const begin = start + tone.at;
    gain.gain.setValueAtTime(0, begin);
    gain.gain.linearRampToValueAtTime(LOUDNESS[sound] * (tone.shape === 'square' ? 0.5 : 1), begin + 0.015);
    gain.gain.setValueAtTime(LOUDNESS[sound] * (tone.shape === 'square' ? 0.5 : 1), begin + tone.secs - 0.04);
    gain.gain.linearRampToValueAtTime(0, begin + tone.secs);
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start(begin);
    oscillator.stop(begin + tone.secs + 0.02);
    playing.push(oscillator);
    oscillator.onended = () => {
      playing = playing.filter((each) => each !== oscillator);
    };
  }
}

/** Somebody took it: the sound ends now, not after the phrase. */
export function hush(): void {
  for (const oscillator of playing) oscillator.stop();
  playing = [];
}

export function mute(ms: number): number {
  mutedUntil = Date.now() + ms;
  hush();
  return mutedUntil;
}
export function unmute(): void {
  mutedUntil = 0;
}
