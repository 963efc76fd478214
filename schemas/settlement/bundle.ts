// The bundle: everything that is needed to check a settlement offline, as one CAR file and a few texts beside it.

/** The CAR's root block (DAG-CBOR): names every other block of the bundle. CIDs are base32 text here, links in the bytes. */
export type BundleManifest = {
  readonly v: 1;
  readonly t: 'settlement-bundle';
  readonly net: string;
  /** Number of records: the size of the checkpoint. */
  readonly size: number;
  /** Raw blocks: the unsigned checkpoint body, the policy, the README. */
  readonly checkpoint: string;
  readonly policy: string;
  readonly readme: string;
  /** DAG-CBOR blocks, by index. */
  readonly records: readonly string[];
};

/** Files of a bundle folder beside `<index>.tlog-proof` of its newest record. */
export const BUNDLE_FILES = {
  car: 'bundle.car',
  checkpoint: 'checkpoint',
  policy: 'policy',
  /** How the chain was handed over from the genesis' set to that of the newest record's epoch (schemas/consensus/handover-codec.ts). */
  sets: 'sets',
  readme: 'README.txt',
} as const;
/** Name of the folder of settlement `seq`. */
export const bundleFolderName = (seq: number): string => `settlement-${seq}`;
/** Name of the inclusion proof of record `index`. */
export const proofFileName = (index: number): string => `${index}.tlog-proof`;
