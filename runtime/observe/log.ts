// The log of a node: pino lines on standard error, constant messages with data beside them, never a secret.
import { pino } from 'pino';

export type Log = {
  info(data: Readonly<Record<string, unknown>>, message: string): void;
  warn(data: Readonly<Record<string, unknown>>, message: string): void;
  error(data: Readonly<Record<string, unknown>>, message: string): void;
};

/** Lines carry the node's name; `level` as in pino (`silent` for none). */
export function createLog(node: string, level: string): Log {
  return pino({ level, base: { node }, redact: ['seed', 'secret', 'share'] }, pino.destination(2));
}
