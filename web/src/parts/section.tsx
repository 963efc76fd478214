// A section that its heading names, so that it can be linked, jumped to and announced.
import type { ComponentChildren } from 'preact';
import { count, scaled } from '../format.ts';

export function Section({
  id,
  title,
  aside,
  children,
}: {
  id: string;
  title: string;
  aside?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <div class="section-head">
        <h2 id={`${id}-title`}>{title}</h2>
        {aside !== undefined && <p class="aside">{aside}</p>}
      </div>
      {children}
    </section>
  );
}

/** A large number as 1.23 billion, whole on hover. */
export function Scaled({ n }: { n: number | string }) {
  const [figure, word] = scaled(Number(n));
  return (
    <span title={count(n)}>
      {figure}
      {word && <small> {word}</small>}
    </span>
  );
}

/** A key, in short; whole on hover and for copying. */
export const Key = ({ id, short }: { id: string; short: string }) => (
  <code title={id} class="key">
    {short}
  </code>
);
