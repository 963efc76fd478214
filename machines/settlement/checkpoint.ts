// Checkpoints and signed notes as text: written and read exactly as C2SP tlog-checkpoint and signed-note say.
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { Checkpoint, Note, NoteSignature } from '#schemas/settlement/checkpoint.ts';
import { accept, type Result, refuse } from '#schemas/wire/codes.ts';
import { MAX_COSIGNERS } from '#schemas/wire/limits.ts';
import { fromBase64, toBase64 } from './checkpoint-base64.ts';

/** Origin of a network's settlement log. */
export const logOrigin = (network: string): string => `${network}/settlement`;

/** The note text that cosigners sign: `origin\nsize\nbase64(root)\n`. */
export const checkpointBody = ({ origin, size, root }: Checkpoint): string => `${origin}\n${size}\n${toBase64(root)}\n`;

/** Read a checkpoint body. Extension lines are refused: no monitor can audit them (tlog-checkpoint). */
export function parseCheckpointBody(text: string): Result<Checkpoint> {
  const [origin = '', sizeText = '', rootText = '', end, ...more] = text.split('\n');
  const root = fromBase64(rootText);
  const size = Number(sizeText);
  const isWhole = /^(0|[1-9][0-9]*)$/.test(sizeText) && Number.isSafeInteger(size);
  if (origin === '' || !isWhole || root?.length !== 32 || end !== '' || more.length > 0)
    return refuse('CHECKPOINT_MALFORMED', 'body');
  return accept({ origin, size, root });
}

/** Write a note: the text, an empty line, one line for each signature. */
export function formatNote({ text, signatures }: Note): string {
  const lines = signatures.map(
    ({ name, key_id, signature }) => `— ${name} ${toBase64(concatBytes(hexToBytes(key_id), signature))}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

/** Read a note (signed-note, Format): the last empty line divides the text from at least one signature line. */
export function parseNote(note: string): Result<Note> {
  const divide = note.lastIndexOf('\n\n');
  const lines = note.slice(divide + 2).split('\n');
  if (divide < 0 || lines.pop() !== '' || lines.length === 0 || lines.length > MAX_COSIGNERS)
    return refuse('CHECKPOINT_MALFORMED', 'note');
  const signatures = lines.map(parseSignatureLine);
  const good = signatures.filter((signature) => signature !== undefined);
  if (good.length < signatures.length || hasControlCharacter(note))
    return refuse('CHECKPOINT_MALFORMED', 'signature line');
  return accept({ text: note.slice(0, divide + 1), signatures: good });
}

function parseSignatureLine(line: string): NoteSignature | undefined {
  const [, name = '', base64 = ''] = /^— ([^\s+]+) (\S+)$/u.exec(line) ?? [];
  const bytes = fromBase64(base64);
  if (name === '' || bytes === undefined || bytes.length < 5) return undefined;
  return { name, key_id: bytesToHex(bytes.subarray(0, 4)), signature: bytes.slice(4) };
}

/** Signed notes hold no ASCII control character but the newline. */
const hasControlCharacter = (text: string): boolean => text.split('').some((c) => c < ' ' && c !== '\n');
