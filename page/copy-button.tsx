import { useState } from 'preact/hooks';

/** Milliseconds that the word of success stands. */
const PAUSE = 2000;

interface Props {
  readonly text: string;
  /** Whose text it is, for those who don't see where the button stands. */
  readonly of: string;
}

export function CopyButton({ text, of }: Props) {
  const [word, setWord] = useState<'Copy' | 'Copied' | 'Not allowed'>('Copy');
  const copy = async () => {
    const isCopied = await navigator.clipboard?.writeText(text).then(
      () => true,
      () => false,
    );
    setWord(isCopied ? 'Copied' : 'Not allowed');
    setTimeout(() => setWord('Copy'), PAUSE);
  };
  return (
    <button type="button" class="copy" onClick={copy}>
      <span aria-live="polite">{word}</span>
      <span class="hidden"> the command for {of}</span>
    </button>
  );
}
