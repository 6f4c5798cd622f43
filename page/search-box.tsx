import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { Found } from '../src/server/api.js';
import { type Backend, failureOf } from './backend.js';
import { formatCount } from './format.js';
import { go, modelLink } from './routes.js';
import { isAddress, sourceOf } from './source-name.js';

/** Milliseconds after the last key until suggestions are asked for, and the letters that it takes. */
const [PAUSE, LEAST] = [200, 2];

interface Props {
  readonly backend: Backend;
  /** Whether the page is about it, and begins with it. */
  readonly isLarge?: boolean;
}

/** A model's name, address, or words to search for: a combobox with suggestions, after the pattern of ARIA. */
export function SearchBox({ backend, isLarge = false }: Props) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState('');
  const [found, setFound] = useState<readonly Found[]>([]);
  const [active, setActive] = useState(-1);
  const [isOpen, setIsOpen] = useState(false);
  const [note, setNote] = useState('');

  useEffect(() => {
    // A keyboard that covers half of a small screen comes only when it is asked for.
    if (isLarge && matchMedia('(pointer: fine)').matches) {
      input.current?.focus({ preventScroll: true });
    }
  }, []);

  useEffect(() => {
    const words = text.trim();
    setActive(-1);
    setNote('');
    if (words.length < LEAST || isAddress(words)) {
      setFound([]);
      return;
    }
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const models = await backend.search(words, stop.signal);
        setFound(models);
        setNote(countOf(models.length));
      } catch (error) {
        if (!stop.signal.aborted) {
          setFound([]);
          setNote(`No suggestions. ${failureOf(error).what}`);
        }
      }
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [text]);

  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: 'nearest' });
  }, [active]);

  const open = (source: string) => {
    setIsOpen(false);
    setText('');
    go(modelLink(source));
  };
  const type = (value: string) => {
    const source = isAddress(value) ? sourceOf(value) : null;
    const isPasted = value.length > text.length + 1;
    if (source !== null && isPasted) {
      open(source);
    } else {
      setText(value);
      setIsOpen(true);
    }
  };
  const submit = (event: Event) => {
    event.preventDefault();
    const source = found[active]?.name ?? sourceOf(text);
    if (source === null) {
      setIsOpen(true);
      setNote(text.trim() === '' ? '' : 'This is no model’s name yet: choose a suggestion, or write it as org/model.');
      input.current?.focus();
    } else {
      open(source);
    }
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined && found.length > 0) {
      event.preventDefault();
      setIsOpen(true);
      // One place more than there are suggestions: the text itself.
      setActive((at) => ((at + 1 + step + found.length + 1) % (found.length + 1)) - 1);
    } else if (event.key === 'Escape') {
      isShown ? setIsOpen(false) : setText('');
    }
  };

  const isShown = isOpen && found.length > 0;
  return (
    <search class={isLarge ? 'large' : undefined}>
      <form onSubmit={submit}>
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-label="Model on Hugging Face"
          aria-expanded={isShown}
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={isShown && active >= 0 ? `${id}-${active}` : undefined}
          aria-describedby={`${id}-note`}
          placeholder={isLarge ? 'org/model, or its address' : 'Another model'}
          value={text}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          enterKeyHint="go"
          onInput={(event) => type(event.currentTarget.value)}
          onKeyDown={press}
          onBlur={() => setIsOpen(false)}
        />
        <button type="submit" aria-label="Show the model">
          <svg viewBox="0 0 20 20" aria-hidden="true">
            <path d="M4 10h11M10 5l5 5-5 5" />
          </svg>
        </button>
        <div class="list" id={`${id}-list`} role="listbox" aria-label="Suggestions" hidden={!isShown}>
          {found.map(({ name, downloads, isGated }, at) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the input has the focus, and hears the keys.
            <div
              key={name}
              id={`${id}-${at}`}
              role="option"
              aria-selected={at === active}
              tabIndex={-1}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => open(name)}
            >
              <span class="name">{name}</span>
              <span class="quiet">
                {isGated && 'gated · '}
                {formatCount(downloads)} downloads
              </span>
            </div>
          ))}
        </div>
        <p id={`${id}-note`} class="note" role="status">
          {note}
        </p>
      </form>
    </search>
  );
}

function countOf(models: number): string {
  return models === 0 ? 'No model has such a name.' : `${models} suggestion${models === 1 ? '' : 's'}.`;
}
