import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Props {
  readonly label: string;
  /** As `--help` says it. */
  readonly help: string;
  readonly isOn: boolean;
  /** Whether it cannot be turned on. */
  readonly isOff?: boolean;
  turn(isOn: boolean): void;
  /** What more there is to know. */
  readonly children?: ComponentChildren;
}

/** Something that can be asked for. */
export function Option({ label, help, isOn, isOff = false, turn, children }: Props) {
  const id = useId();
  return (
    <div class="option">
      <input
        type="checkbox"
        id={id}
        checked={isOn}
        disabled={isOff}
        aria-describedby={`${id}-help`}
        onChange={(event) => turn(event.currentTarget.checked)}
      />
      <div>
        <label for={id}>{label}</label>
        <div id={`${id}-help`}>
          <p class="help">{help}</p>
          {children && <p class="help">{children}</p>}
        </div>
      </div>
    </div>
  );
}
