// Answer of the `evidence` port: the next pair of conflicting signed statements that consensus found, as wire bytes.
import { z } from 'zod';
import { bytesUpTo } from '../wire/fields.ts';

export const EvidenceAnswer = z.strictObject({ a: bytesUpTo(512), b: bytesUpTo(512) });
