// Reads a sentence out when it has changed; changes nothing that is seen.

export const Announcer = ({ text }: { text: string }) => (
  <p class="visually-hidden" aria-live="polite">
    {text}
  </p>
);
