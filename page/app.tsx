import { useEffect, useRef, useState } from 'preact/hooks';
import type { Session } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { HomeView } from './home-view.js';
import { JobList } from './job-list.js';
import { JobView } from './job-view.js';
import { LogIn } from './log-in.js';
import { ModelView } from './model-view.js';
import { HOME, JOBS, type Route, useRoute } from './routes.js';
import { SearchBox } from './search-box.js';

/** Until the server has said how it is. */
const EVERYBODY: Session = { how: 'none', isNeeded: false, isOpen: true, mayPublish: false, name: null };

export function App({ backend }: { readonly backend: Backend }) {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const { view } = route;
  const title = titleOf(route);
  const [session, setSession] = useState<Session>(EVERYBODY);
  const isClosed = session.isNeeded && !session.isOpen;

  useEffect(() => {
    // A server that does not answer is told of where it is asked for more.
    backend.session().then(setSession, () => {});
  }, []);

  useEffect(() => {
    document.title = title === null ? 'hf2gguf' : `${title} – hf2gguf`;
    // Who follows a link is told where it led; who opens the page begins at its top.
    if (!isFirst.current) {
      scrollTo(0, 0);
      main.current?.querySelector('h1')?.focus({ preventScroll: true });
    }
    isFirst.current = false;
  }, [title]);

  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="top">
        <a class="brand" href={HOME} aria-label="hf2gguf, home">
          <Mark />
          hf2gguf
        </a>
        {view !== 'home' && !isClosed && <SearchBox key={JSON.stringify(route)} backend={backend} />}
        <nav aria-label="Pages">
          <a href={JOBS} aria-current={view === 'jobs' ? 'page' : undefined}>
            Conversions
          </a>
          {session.isNeeded && session.isOpen && (
            <button type="button" onClick={() => backend.logOut().then(setSession)}>
              Log out
            </button>
          )}
        </nav>
      </header>
      <main ref={main} tabIndex={-1}>
        {isClosed ? (
          <LogIn how={session.how} backend={backend} opened={setSession} />
        ) : (
          <View key={String(session.isOpen)} route={route} backend={backend} mayPublish={session.mayPublish} />
        )}
      </main>
    </>
  );
}

interface ViewProps {
  readonly route: Route;
  readonly backend: Backend;
  readonly mayPublish: boolean;
}

function View({ route, backend, mayPublish }: ViewProps) {
  switch (route.view) {
    case 'home':
      return <HomeView backend={backend} />;
    case 'model':
      return <ModelView key={route.source} source={route.source} backend={backend} />;
    case 'job':
      return <JobView key={route.id} id={route.id} backend={backend} mayPublish={mayPublish} />;
    case 'jobs':
      return (
        <>
          <h1 tabIndex={-1}>Conversions</h1>
          <JobList backend={backend} />
        </>
      );
    case 'nothing':
      return (
        <>
          <h1 tabIndex={-1}>There is nothing here</h1>
          <p>The address names no model and no conversion. Models are named like this: org/model.</p>
        </>
      );
  }
}

function titleOf(route: Route): string | null {
  switch (route.view) {
    case 'home':
      return null;
    case 'model':
      return route.source;
    case 'job':
      return `Conversion ${route.id}`;
    case 'jobs':
      return 'Conversions';
    case 'nothing':
      return 'Nothing here';
  }
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M7 9h18M7 16h12M7 23h6" />
    </svg>
  );
}
