// The clock of a real node: the machine's time and timers.
import type { Clock } from '../host/ports.ts';

export const systemClock: Clock = {
  now_ms: () => Date.now(),
  setTimer(delay_ms, fire) {
    const timer = setTimeout(fire, delay_ms);
    return () => clearTimeout(timer);
  },
};
