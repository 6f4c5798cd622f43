import { useState } from 'preact/hooks';
import { OPTION_TEXTS } from '../src/options/texts.js';
import type { ModelPlan } from '../src/server/api.js';
import type { Backend } from './backend.js';
import { DeviceChoice, useDevice } from './device-choice.js';
import { recommend } from './devices.js';
import { FailureCard } from './failure-card.js';
import { formatBytes, formatSpan } from './format.js';
import { Option } from './option.js';
import { go, jobLink } from './routes.js';
import { TypeChoices } from './type-choices.js';
import { useSubmit } from './use-submit.js';

/** Types that one order can have. */
const MOST = 8;

interface Props {
  readonly plan: ModelPlan;
  /** As the user named it: without a revision, the newest. */
  readonly source: string;
  readonly backend: Backend;
}

/** The types to choose from, and the button. */
export function Order({ plan: { types, checkSeconds }, source, backend }: Props) {
  const [device, chooseDevice] = useDevice();
  /** Null as long as the user has ticked nothing: then it is what is recommended. */
  const [ticked, setTicked] = useState<readonly string[] | null>(null);
  const [isChecked, setIsChecked] = useState(false);
  const recommended = device ? recommend(types, device) : null;
  const wanted = ticked ?? (recommended === null ? [] : [recommended]);
  const chosen = types.filter(({ type }) => wanted.includes(type));
  const { isSending, failure, submit } = useSubmit(async () => {
    const { id } = await backend.start({ source, quant: chosen.map(({ type }) => type), check: isChecked });
    go(jobLink(id));
  });
  if (!device) {
    return null;
  }

  const tick = (type: string) => {
    setTicked(wanted.includes(type) ? wanted.filter((other) => other !== type) : [...wanted, type]);
  };

  return (
    <form class="order" onSubmit={submit}>
      <div class="order-head">
        <div>
          <h2 id="types">Choose what to make</h2>
          <p id="types-help" class="help">
            {OPTION_TEXTS.quant}
          </p>
        </div>
        <DeviceChoice device={device} choose={chooseDevice} />
      </div>
      {recommended === null && (
        <p class="card warning">
          None of the usual types fits a {device.name} with room to spare. Parts of a model can be left in slower
          memory, or another device chosen.
        </p>
      )}
      <TypeChoices types={types} device={device} recommended={recommended} ticked={wanted} tick={tick} />
      <Option
        label="Measure the quality"
        help={OPTION_TEXTS.check}
        isOn={isChecked}
        isOff={checkSeconds === null}
        turn={setIsChecked}
      >
        {checkSeconds === null
          ? 'Models of this architecture cannot be run here.'
          : `Takes about ${formatSpan(checkSeconds * (Math.max(1, chosen.length) + 1))} more on an idle server.`}
      </Option>
      <div class="order-foot">
        {failure && <FailureCard failure={failure} />}
        <div class="order-bar">
          <p aria-live="polite">
            {chosen.length === 0 ? (
              'Nothing is ticked'
            ) : (
              <>
                <strong>{chosen.map(({ type }) => type).join(', ')}</strong>
                <span> {formatBytes(chosen.reduce((sum, { size }) => sum + size, 0))}</span>
                {chosen.length > MOST && <span> · {MOST} at a time at most</span>}
              </>
            )}
          </p>
          <button type="submit" class="primary" disabled={chosen.length === 0 || chosen.length > MOST || isSending}>
            {isSending ? 'Sending…' : 'Convert'}
          </button>
        </div>
      </div>
    </form>
  );
}
