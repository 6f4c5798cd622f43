/** One way to store a tensor: its bytes, and what it costs the model. */
export interface Option {
  readonly size: number;
  readonly damage: number;
}

/** Steps into which the budget is cut at most, and the cells of the table (a byte each) of which that follows. */
const MAX_STEPS = 2 ** 16;
const MAX_CELLS = 2 ** 27;

/**
 * Of each item's options one, so that the sizes' sum is at most `budget` and the damages' sum is least: dynamic
 * programming over the budget in steps, sizes rounded up to whole ones, then what was lost by rounding is spent on the
 * best single changes.
 * @returns the options' indices; null where even the smallest are too large.
 */
export function leastDamage(items: readonly (readonly Option[])[], budget: number): number[] | null {
  const smallest = items.map((options) => options.reduce((least, { size }) => Math.min(least, size), Infinity));
  const spare = budget - sum(smallest);
  if (!(spare >= 0)) {
    return null;
  }
  // The smallest options are paid for: only what is above them is cut into steps.
  const extras = items.map((options, i) => options.map(({ size }) => size - (smallest[i] as number)));
  const most = Math.max(1, Math.min(MAX_STEPS, Math.floor(MAX_CELLS / Math.max(1, items.length))));
  // Sizes are whole bytes: where there are enough steps for each, nothing is rounded.
  const step = Math.max(1, spare / most);
  const choices = inSteps(items, extras, step, Math.floor(spare / step));
  const used = sum(choices.map((choice, i) => extras[i]?.[choice] as number));
  return improve(items, choices, spare - used);
}

function inSteps(
  items: readonly (readonly Option[])[],
  extras: readonly (readonly number[])[],
  step: number,
  steps: number,
): number[] {
  const weight = (extra: number) => (extra === 0 ? 0 : Math.ceil(extra / step));
  let damage = new Float64Array(steps + 1);
  const taken = items.map((options, i) => {
    const next = new Float64Array(steps + 1).fill(Infinity);
    const choice = new Uint8Array(steps + 1);
    for (const [k, option] of options.entries()) {
      const from = weight(extras[i]?.[k] as number);
      for (let at = from; at <= steps; at++) {
        const total = (damage[at - from] as number) + option.damage;
        if (total < (next[at] as number)) {
          next[at] = total;
          choice[at] = k;
        }
      }
    }
    damage = next;
    return choice;
  });
  let at = steps;
  return taken
    .toReversed()
    .map((choice, reversed) => {
      const k = choice[at] as number;
      at -= weight(extras[items.length - 1 - reversed]?.[k] as number);
      return k;
    })
    .toReversed();
}

/** Changes one choice at a time, the one that gains the most first, while `spare` bytes last. */
function improve(items: readonly (readonly Option[])[], start: readonly number[], spare: number): number[] {
  const choices = [...start];
  for (;;) {
    const best = items
      .flatMap((options, item) => {
        const now = options[choices[item] as number] as Option;
        return options.map(({ size, damage }, k) => ({ item, k, more: size - now.size, gain: now.damage - damage }));
      })
      .filter(({ more, gain }) => more <= spare && gain > 0)
      .reduce<{ item: number; k: number; more: number; gain: number } | null>(
        (most, change) => (most && most.gain >= change.gain ? most : change),
        null,
      );
    if (!best) {
      return choices;
    }
    choices[best.item] = best.k;
    spare -= best.more;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
