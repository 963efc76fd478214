// Evidence files as commands are handed them: of any size, from anybody.
import { open } from 'node:fs/promises';
import { decodeEvidenceFile, type EvidenceFile } from '#schemas/consensus/evidence-file.ts';
import { MAX_EVIDENCE_FILE_BYTES } from '#schemas/wire/limits.ts';
import { CliError, EXIT } from './cli-error.ts';

/** Its shape only. @throws CliError EVIDENCE_FILE_UNREADABLE | EVIDENCE_FILE_MALFORMED */
export async function readEvidenceFile(path: string): Promise<EvidenceFile> {
  const file = decodeEvidenceFile(await readText(path));
  if (!file.ok) throw new CliError(file.code, `'${path}': ${file.detail ?? ''}.`);
  return file.value;
}

/** No more than tells that it is too long: whoever was handed the file does not know its size. */
async function readText(path: string): Promise<string> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_EVIDENCE_FILE_BYTES + 1));
    return buffer.toString('utf8', 0, bytesRead);
  } catch (cause) {
    throw new CliError('EVIDENCE_FILE_UNREADABLE', `'${path}'.`, EXIT.failure, { cause });
  }
}
