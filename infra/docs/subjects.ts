// docs/reference/subjects.md: who may publish and hear what; the broker's permissions come from the same table.
import { SUBJECTS } from '#schemas/wire/subjects.ts';
import { code, page, table } from './markdown.ts';

/** One row a subject, as the table has them. */
export function subjects(): string {
  const rows = SUBJECTS.map((rule) => [
    rule.name,
    code(rule.pattern),
    rule.publish.join(', '),
    rule.subscribe.join(', '),
    rule.about,
  ]);
  return page(
    'Subjects',
    '`{self}` is the id of whoever publishes, and the broker lets nobody fill in another’s; where nobody may publish, it is the id of who serves the subject. `*` is any one token, `>` any rest.',
    '`schemas/wire/subjects.ts`',
    table(['name', 'subject', 'may publish', 'may subscribe', 'about'], rows),
  );
}
