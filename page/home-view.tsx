import type { Backend } from './backend.js';
import { JobList } from './job-list.js';
import { SearchBox } from './search-box.js';

/** Finished conversions that are shown below the search. */
const SHOWN = 5;

export function HomeView({ backend }: { readonly backend: Backend }) {
  return (
    <>
      <section class="hero">
        <h1 tabIndex={-1}>
          <span>From Hugging Face</span> <span>to GGUF.</span>
        </h1>
        <p class="lead">
          Name a model, see what each quantization takes before anything is downloaded, and convert it. The files are
          the ones that llama.cpp’s own tools make, byte for byte.
        </p>
        <SearchBox backend={backend} isLarge />
      </section>
      <JobList backend={backend} heading="Your conversions" most={SHOWN} />
    </>
  );
}
