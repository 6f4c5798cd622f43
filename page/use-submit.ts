import { useState } from 'preact/hooks';
import type { Failure } from '../src/server/api.js';
import { failureOf } from './backend.js';

/** A form that is sent by `send`: whether that goes on, and what went wrong the last time. */
export function useSubmit(send: () => Promise<void>) {
  const [isSending, setIsSending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    setIsSending(true);
    setFailure(null);
    await send().catch((error) => setFailure(failureOf(error)));
    setIsSending(false);
  };
  return { isSending, failure, submit };
}
