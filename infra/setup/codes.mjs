// What can go wrong before the network's own code runs, each with what to do about it. Listed in docs/reference/error-codes.md.

/** Code → one sentence for the person at the terminal. */
export const SETUP_CODES = {
  SETUP_PACKAGES_FAILED:
    'The packages could not be installed: check the network and that npm works, then run the command again.',
  SETUP_NODE_MISSING: 'No Node that fits could be installed: install Node 24.12 or newer and run the command again.',
  SETUP_CONSOLE_FAILED: 'The console in web/ could not be built: the lines above say where.',
  SETUP_TARGET_UNKNOWN: 'Use `npm start`, `npm test` or `npm run setup`.',
  NATS_WAY_UNKNOWN: 'Name one of the ways in --way or SORTITION_NATS_WAY.',
  NATS_WAY_UNAVAILABLE: 'This way needs a tool or a platform that is not here.',
  NATS_WAY_FAILED: 'The tool of this way ran and failed.',
  NATS_DOWNLOAD_FAILED: 'The release archive could not be downloaded.',
  NATS_CHECKSUM_MISMATCH: 'The release archive is not the one that was pinned; it was thrown away.',
  NATS_TOO_OLD: 'This way offers a nats-server older than the network needs.',
  NATS_NOT_FOUND:
    'Install nats-server 2.12 or newer so that it is on the PATH, or set NATS_URL to a running one, then run the command again.',
};

/** A failure of the set-up: a code from the list above and what was seen. */
export class SetupError extends Error {
  /** @param {keyof typeof SETUP_CODES} code @param {string} detail what happened, with the values */
  constructor(code, detail, options) {
    super(detail, options);
    this.name = 'SetupError';
    this.code = code;
  }
}
