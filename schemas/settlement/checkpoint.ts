// Checkpoints of the settlement log and who must cosign them (C2SP tlog-checkpoint, signed-note, tlog-cosignature, tlog-policy).

/** The log's state at one size. */
export type Checkpoint = {
  /** `<network>/settlement`. */
  readonly origin: string;
  /** Number of records. */
  readonly size: number;
  /** RFC 6962 Merkle root over the records' bytes, 32 bytes. */
  readonly root: Uint8Array;
};

/** One signature line of a note: name, 4-byte key id in hex, and what follows the id. */
export type NoteSignature = { readonly name: string; readonly key_id: string; readonly signature: Uint8Array };
/** A signed note: the signed text (ends in a newline) and its signature lines. */
export type Note = { readonly text: string; readonly signatures: readonly NoteSignature[] };

/** A cosigner's timestamped statement that it saw the checkpoint: Ed25519, seconds since the Unix epoch. */
export type Cosignature = { readonly time_s: number; readonly signature: Uint8Array };

/** A key that may cosign: `name` as in its signature line, `key` the Ed25519 public key in hex. */
export type Cosigner = { readonly name: string; readonly key: string };
/** A cosigner with the power of its signature, at least 1. */
export type PolicyMember = Cosigner & { readonly power: number };
/** Who may cosign the log `origin`, and how much power together makes a checkpoint valid. */
export type Policy = { readonly origin: string; readonly cosigners: readonly PolicyMember[]; readonly quorum: number };

/** Verifies Ed25519 (RFC 8032 §5.1.7) against a public key in hex; handed in, so that rules stay pure. */
export type VerifySignature = (key: string, message: Uint8Array, signature: Uint8Array) => boolean;
