import { useState } from 'preact/hooks';
import { DEFAULT_DEVICE, DEVICES, type Device } from './devices.js';

const KEY = 'device';

/** The device that files are for, which the browser remembers, and what chooses another. */
export function useDevice(): [Device | undefined, (name: string) => void] {
  const [name, setName] = useState(() => remembered() ?? DEFAULT_DEVICE);
  const choose = (chosen: string) => {
    setName(chosen);
    remember(chosen);
  };
  const find = (wanted: string) => DEVICES.find((device) => device.name === wanted);
  return [find(name) ?? find(DEFAULT_DEVICE), choose];
}

interface Props {
  readonly device: Device;
  choose(name: string): void;
}

export function DeviceChoice({ device, choose }: Props) {
  return (
    <label class="device">
      <span>Runs on</span>
      <select value={device.name} onChange={(event) => choose(event.currentTarget.value)}>
        {DEVICES.map(({ name }) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Storage can be forbidden; the choice then lasts as long as the page. */
function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function remember(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {}
}
