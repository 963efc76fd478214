// A broker that somebody else runs (NATS_URL): used as it is, never started, killed or configured from here.
import type { Broker } from './broker.ts';

/**
 * Whoever runs it decides who may connect: admit the actors of the genesis there (`renderNatsConf` makes such a configuration).
 *
 * @param ws_url where browsers reach it; '' leaves the console to ask the gateway
 */
export function useBroker(url: string, ws_url: string): Broker {
  const leaveAlone = async (): Promise<void> => undefined;
  return {
    url,
    ws_url,
    pid: 0,
    refusals: new Map(),
    reload: leaveAlone,
    kill: leaveAlone,
    restart: leaveAlone,
    ended: () => new Promise(() => undefined),
    stop: leaveAlone,
  };
}
