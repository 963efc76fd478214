// What validators say to each other on the virtual network, as objects: encoding has tests of its own.
import type { Block, Certificate, FinalBlock, SignedProposal, SignedVote } from '#schemas/consensus/types.ts';
import type { Status } from '#machines/consensus/types.ts';

/** One message on the virtual wire. */
export type Message =
  | { readonly type: 'vote'; readonly vote: SignedVote }
  | { readonly type: 'proposal'; readonly proposal: SignedProposal; readonly block: Block; readonly polka?: Certificate }
  | { readonly type: 'certificate'; readonly certificate: Certificate; readonly block?: Block }
  | { readonly type: 'status'; readonly from: number; readonly status: Status }
  | { readonly type: 'sync.request'; readonly from: number; readonly first_height: number; readonly last_height: number }
  | { readonly type: 'sync.answer'; readonly from: number; readonly blocks: readonly FinalBlock[] }
  | { readonly type: 'beacon.partial'; readonly from: number; readonly height: number }
  | { readonly type: 'transaction'; readonly bytes: Uint8Array };
