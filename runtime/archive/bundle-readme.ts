// The text that lies in every bundle: what it is, how to check it, what is claimed and what is not.
/** README.txt of a bundle. Kept in the CAR as a block, so that it is checked like everything else. */
export const bundleReadme = (network: string, size: number): string => `Settlements of the network "${network}"
${'='.repeat(28 + network.length)}

This folder proves ${size} settlement record${size === 1 ? '' : 's'}: who was paid what, that each record sums to zero for
each asset, and that a quorum of the validators signed the log that holds them.

Check it with no network and nothing but Node 24 or later:

    node sortition-verify.mjs <this folder> --genesis <genesis file of the network>
                                                 (one file; or: sortition verify, with the same words)

    exit 0  all of it holds
         1  nothing was checked (wrong usage, folder not readable)
         2  a hash, a proof or a record is wrong
         3  the quorum is wrong: too few, unknown or false signatures, or another policy than the one you pinned
         5  a record does not sum to zero

Files
    bundle.car          CARv1: manifest, checkpoint body, policy, this text, records 0 to ${size - 1} (strict DAG-CBOR)
    checkpoint          C2SP checkpoint note with the validators' cosignature/v1 lines
    policy              C2SP tlog-policy: the validators' keys and how many of them must sign
    sets                how the chain was handed over from the first validators to those of the policy
    ${`${size - 1}.tlog-proof`.padEnd(19)} C2SP tlog-proof of the newest record

What to trust. With --genesis FILE the verifier follows the validator sets from the genesis on: a quorum of each has
signed the header that names the next ("sets"), and the keys in "policy" are those of the last. Without it the verifier
trusts those keys: compare their digest (printed) with one that you got elsewhere, or pass your own copy with --policy
FILE. If you do neither it says that the policy was not pinned.

What is live. Archive: embedded (the content store of the archiver's own node; not pinned to public IPFS).
Anchor: none (nothing of this bundle is committed to in Bitcoin).
`;
