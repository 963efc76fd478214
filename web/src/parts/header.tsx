// The head of the page: which network this is, and whether what is shown is live.
import { duration, shortId } from '../format.ts';
import { age_s, isStale, link, view } from '../state.ts';

export function Header() {
  const now = view.value;
  return (
    <header>
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <h1>Sortition</h1>
        {now && (
          <p class="network">
            {now.network} <code title={now.chain}>{shortId(now.chain)}</code>
          </p>
        )}
      </div>
      <LinkState />
    </header>
  );
}

/** Words, not only a colour: stale and offline must never look like live. */
function LinkState() {
  const [kind, text] = linkText();
  return (
    <p class={`link ${kind}`} role="status">
      <span class="dot" aria-hidden="true" />
      {text}
    </p>
  );
}

function linkText(): readonly [kind: 'live' | 'waiting' | 'stale', text: string] {
  if (view.value === undefined) return ['waiting', link.value === 'connecting' ? 'Connecting…' : 'Offline'];
  if (isStale.value) return ['stale', `As of ${duration(age_s.value * 1_000)} ago`];
  return link.value === 'live' ? ['live', 'Live'] : ['waiting', 'Snapshot'];
}
