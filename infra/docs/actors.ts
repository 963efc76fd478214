// docs/reference/actors.md: each kind of actor with what it hears, may say and may ask for.
import { readdir, readFile } from 'node:fs/promises';
import type { ActorDefinition } from '#actors/host.ts';
import { SUBJECTS, type SubjectRule } from '#schemas/wire/subjects.ts';
import { code, page } from './markdown.ts';

const FOLDER = new URL('../../actors/', import.meta.url);

/** One section an actor; what it is for is the first line of its file. */
export async function actors(): Promise<string> {
  const files = (await readdir(FOLDER, { recursive: true })).filter((file) => file.endsWith('.actor.ts')).sort();
  const sections = await Promise.all(files.map(section));
  return page(
    'Actors',
    'An actor is a state machine with an id, which is its public key. How to add one: [guide](../guides/adding-an-actor.md).',
    '`actors/` and `schemas/wire/subjects.ts`',
    sections.join('\n\n'),
  );
}

async function section(file: string): Promise<string> {
  const url = new URL(file, FOLDER);
  const about = (await readFile(url, 'utf8')).split('\n')[0]?.replace(/^\/\/ /, '');
  const module = (await import(url.href)) as Readonly<Record<string, ActorDefinition>>;
  return Object.values(module)
    .map((actor) => `## ${actor.kind}\n\n${about}\n\n${facts(actor).join('\n')}`)
    .join('\n\n');
}

function facts({ kind, hears, ports, machine, snapshot }: ActorDefinition): readonly string[] {
  const rules: readonly SubjectRule[] = SUBJECTS;
  const spoken = rules.filter((rule) => rule.publish.includes(kind)).map((rule) => rule.pattern);
  // Where others publish, `{self}` is theirs: a subscriber hears them all.
  const heard = rules
    .filter((rule) => rule.subscribe.includes(kind))
    .map((rule) => (rule.publish.length > 0 ? rule.pattern.replace('{self}', '*') : rule.pattern));
  return [
    `- machine: ${code(machine.id)}, states ${listed(Object.keys(machine.root.states))}, snapshot version ${snapshot.version}`,
    `- hears in its mailbox: ${listed(Object.keys(hears))}`,
    `- may ask for: ${listed(ports)}`,
    `- may publish on: ${listed(spoken)}`,
    `- may subscribe to: ${listed(heard)}`,
  ];
}

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.map(code).join(', '));
