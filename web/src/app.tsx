// The page: landmarks, navigation and the sections in the order in which they are asked for.
import { BlocksSection } from './parts/blocks.tsx';
import { GlanceSection } from './parts/glance.tsx';
import { Header } from './parts/header.tsx';
import { IncidentsSection } from './parts/incidents.tsx';
import { JobsSection } from './parts/jobs.tsx';
import { SettlementsSection } from './parts/settlements.tsx';
import { ValidatorsSection } from './parts/validators.tsx';
import { WorkersSection } from './parts/workers.tsx';
import { isStale, view } from './state.ts';

const SECTIONS = [
  ['glance', 'Overview'],
  ['jobs', 'Jobs'],
  ['blocks', 'Blocks'],
  ['validators', 'Validators'],
  ['workers', 'Workers'],
  ['settlements', 'Settlements'],
  ['incidents', 'Refusals'],
] as const;

export function App() {
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header />
      <nav class="sections" aria-label="Sections">
        <ul>
          {SECTIONS.map(([id, name]) => (
            <li key={id}>
              <a href={`#${id}`}>{name}</a>
            </li>
          ))}
        </ul>
      </nav>
      <main id="main" tabIndex={-1} class={isStale.value ? 'stale' : ''}>
        {view.value === undefined ? <p class="nothing-yet">Waiting for the gateway…</p> : <Sections />}
      </main>
      <footer>
        <p>
          Every number here follows from signed blocks. This page shows what one gateway says;{' '}
          <a href="/api/view">the same as JSON</a>.
        </p>
      </footer>
    </>
  );
}

const Sections = () => (
  <>
    <GlanceSection />
    <JobsSection />
    <BlocksSection />
    <ValidatorsSection />
    <WorkersSection />
    <SettlementsSection />
    <IncidentsSection />
  </>
);
