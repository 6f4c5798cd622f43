import { TYPE_NOTES } from '../src/quantize/type-notes.js';
import type { TypeChoice } from '../src/server/api.js';
import { type Device, type Fit, fitOf } from './devices.js';
import { formatBytes, formatExact, formatPercent } from './format.js';

interface Props {
  readonly types: readonly TypeChoice[];
  readonly device: Device;
  readonly recommended: string | null;
  readonly ticked: readonly string[];
  tick(type: string): void;
}

/** Each type is a checkbox whose label says all about it. */
export function TypeChoices({ types, device, recommended, ticked, tick }: Props) {
  return (
    <fieldset class="types" aria-labelledby="types" aria-describedby="types-help">
      <div class="heads" aria-hidden="true">
        <span>Type</span>
        <span>File</span>
        <span>Bits per weight</span>
        <span>Memory to run</span>
      </div>
      {types.map((choice) => (
        <Choice
          key={choice.type}
          choice={choice}
          device={device}
          isRecommended={choice.type === recommended}
          isTicked={ticked.includes(choice.type)}
          tick={tick}
        />
      ))}
    </fieldset>
  );
}

/** The share of parameters with another type from which on it is worth a word. */
const NOTABLE = 0.01;

const FIT_WORDS: Readonly<Record<Fit, readonly [sign: string, words: string]>> = {
  fits: ['✓', 'fits'],
  tight: ['~', 'tight'],
  'too large': ['×', 'too large'],
};

interface ChoiceProps extends Pick<Props, 'device' | 'tick'> {
  readonly choice: TypeChoice;
  readonly isRecommended: boolean;
  readonly isTicked: boolean;
}

function Choice({ choice, device, isRecommended, isTicked, tick }: ChoiceProps) {
  const { type, size, bitsPerWeight, memory, fallbackShare } = choice;
  const fit = fitOf(memory, device);
  const [sign, words] = FIT_WORDS[fit];
  return (
    <label class={`type ${fit.replace(' ', '-')}`}>
      <input type="checkbox" name="type" value={type} checked={isTicked} onChange={() => tick(type)} />
      <span class="kind">
        <span class="name">{type}</span>
        {isRecommended && <span class="badge">recommended</span>}
        <Break />
        <span class="quiet">
          {useOf(type)}
          {fallbackShare >= NOTABLE && `; ${formatPercent(fallbackShare)} of the weights get another type`}
        </span>
      </span>
      <Break />
      <span class="size">
        {formatBytes(size)}
        <Break />
        <span class="quiet">
          {formatExact(size)}
          <span class="hidden"> bytes</span>
        </span>
      </span>
      <Break />
      <span class="bits">
        {bitsPerWeight.toFixed(2)}
        <span class="unit"> bits per weight</span>
      </span>
      <Break />
      <span class="memory">
        <span>
          <span class="unit">runs in </span>
          {formatBytes(memory)}
        </span>
        <Break />
        <span class="fit">
          <span aria-hidden="true">{sign}</span> {words}
        </span>
        <svg class="room" aria-hidden="true">
          <rect width="100%" height="100%" />
          <rect class="taken" width={`${Math.min(100, (memory / device.room) * 100)}%`} height="100%" />
        </svg>
      </span>
    </label>
  );
}

/** What a type is good for. */
function useOf(type: string): string {
  return Object.entries(TYPE_NOTES).find(([name]) => name === type)?.[1].use ?? '';
}

/** A pause for those who hear the label. */
function Break() {
  return <span class="hidden">, </span>;
}
