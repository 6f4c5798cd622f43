import { useEffect, useState } from 'preact/hooks';
import { sourceOf } from './source-name.js';

/** What the page shows. The address's hash has all of it, so that loading again and going back work. */
export type Route =
  | { readonly view: 'home' }
  | { readonly view: 'jobs' }
  | { readonly view: 'job'; readonly id: string }
  | { readonly view: 'model'; readonly source: string }
  | { readonly view: 'nothing' };

export const HOME = '#/';
export const JOBS = '#/jobs';

export function jobLink(id: string): string {
  return `#/jobs/${encodeURIComponent(id)}`;
}

export function modelLink(source: string): string {
  return `#/${source}`;
}

/** Shows another view, with a step to go back by. */
export function go(link: string): void {
  location.hash = link;
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const change = () => setHash(location.hash);
    addEventListener('hashchange', change);
    return () => removeEventListener('hashchange', change);
  }, []);
  return routeOf(hash);
}

function routeOf(hash: string): Route {
  const path = hash.replace(/^#\/?/, '');
  const [, id] = /^jobs\/([^/]+)$/.exec(path) ?? [];
  if (path === '' || path === 'jobs') {
    return { view: path === '' ? 'home' : 'jobs' };
  }
  if (id !== undefined) {
    return { view: 'job', id };
  }
  const source = sourceOf(path);
  return source === null ? { view: 'nothing' } : { view: 'model', source };
}
