// Domain tags: the first bytes of everything that is signed or hashed for one purpose, so that no signature serves two.

const tag = (text: string): Uint8Array => Uint8Array.from(text.padEnd(16, '\0'), (char) => char.charCodeAt(0));

/** 16 bytes each, padded with zeros. */
export const TAG = {
  envelope: tag('srt/envelope/1'),
  tx: tag('srt/tx/1'),
  vote: tag('srt/vote/1'),
  proposal: tag('srt/proposal/1'),
  position: tag('srt/position/1'),
  heartbeat: tag('srt/heartbeat/1'),
  operator: tag('srt/operator/1'),
  beacon: tag('srt/beacon/1'),
  generation: tag('srt/keygen/1'),
  dealing: tag('srt/dealing/1'),
  possession: tag('srt/cosigner/1'),
  module: tag('srt/module/1'),
  floatModule: tag('srt/modulefp/1'),
} as const;
