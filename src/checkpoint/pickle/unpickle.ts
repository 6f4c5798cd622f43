import { beginning } from '../../json.js';
import { MAX_PICKLE_INTEGER_BYTES, MAX_PICKLE_OPCODES } from '../../limits.js';
import { ByteCursor } from './byte-cursor.js';
import { MalformedPickleError, PickleLimitError, UnsafePickleError } from './errors.js';
import { findGlobal } from './globals.js';
import { is, type PickleGlobal, type PickleList, type PickleTuple, type PickleValue, PLAIN } from './values.js';

/** What a persistent id stands for; undefined where it is none of the format's. */
export type FindStorage = (id: readonly PickleValue[]) => PickleValue | undefined;

export interface Unpickled {
  readonly value: PickleValue;
  /** Behind the pickle. */
  readonly end: number;
}

/**
 * Reads a pickle of protocols 1 to 5 as plain data. A name is looked up in the table of `globals.ts` and is never
 * imported. Format: Lib/pickletools.py of Python. An opcode takes a byte at least and makes one value at most, and values
 * are never copied, so time and memory are bounded by the number of opcodes.
 * @param start where the pickle begins in `bytes`.
 * @param what the bytes are, for messages.
 * @throws TruncatedPickleError, MalformedPickleError, UnsafePickleError, PickleLimitError
 */
export function unpickle(bytes: Buffer, start: number, what: string, findStorage?: FindStorage): Unpickled {
  const machine = new Machine(new ByteCursor(bytes, start, what), findStorage);
  const value = machine.run();
  return { value, end: machine.input.at };
}

class Machine {
  readonly #stack: PickleValue[] = [];
  /** Heights of the stack at which marks are. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(
    readonly input: ByteCursor,
    readonly findStorage: FindStorage | undefined,
  ) {}

  run(): PickleValue {
    for (let count = 0; count < MAX_PICKLE_OPCODES; count++) {
      const code = this.input.u8();
      if (code === STOP) {
        return this.pop();
      }
      const step = STEPS[code] ?? REFUSED[code];
      if (step === undefined) {
        this.fail(`has the byte 0x${code.toString(16)} where an opcode should be`);
      }
      step?.(this);
    }
    throw new PickleLimitError(`${this.input.what} has a pickle of more than ${MAX_PICKLE_OPCODES} opcodes.`);
  }

  /** @throws MalformedPickleError */
  fail(problem: string): never {
    throw new MalformedPickleError(`${this.input.what} is no valid pickle: it ${problem}, near byte ${this.input.at}.`);
  }

  /** @throws UnsafePickleError */
  refuse(asked: string): never {
    return this.unsafe(`asks for ${asked}, which is no tensor and no plain container of tensors`);
  }

  /** @throws UnsafePickleError */
  unsafe(problem: string): never {
    throw new UnsafePickleError(`${this.input.what} ${problem}.`);
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    this.#checkHeight(1);
    return this.#stack.pop() ?? null;
  }

  top(): PickleValue {
    this.#checkHeight(1);
    return this.#stack.at(-1) ?? null;
  }

  /** Values above the last mark, or above the bottom. */
  #checkHeight(wanted: number): void {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < wanted) {
      this.fail('takes a value from an empty stack');
    }
  }

  take(count: number): PickleValue[] {
    this.#checkHeight(count);
    return this.#stack.splice(this.#stack.length - count);
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  takeToMark(): PickleValue[] {
    const height = this.#marks.pop();
    return height === undefined ? this.fail('looks for a mark that is not there') : this.#stack.splice(height);
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    this.push(value === undefined ? this.fail(`recalls value ${index}, which it never stored`) : value);
  }

  append(values: readonly PickleValue[]): void {
    const list = this.top();
    addAll(is(list, 'list') ? list.items : this.fail('appends to what is no list'), values);
  }

  /** @param entries keys and values by turns */
  setItems(entries: readonly PickleValue[]): void {
    const dict = this.top();
    const isWhole = is(dict, 'dict') && entries.length % 2 === 0;
    addAll(isWhole ? dict.items : this.fail('sets items of what is no dictionary'), entries);
  }

  global(module: PickleValue, name: PickleValue): void {
    if (typeof module !== 'string' || typeof name !== 'string') {
      this.fail('asks for a name that is no text');
    }
    const full = `${module}.${name}`;
    this.push(findGlobal(full) ?? this.refuse(shown(full)));
  }

  call(): void {
    const args = this.pop();
    const called = this.pop();
    const isCall = is(called, 'global') && is(args, 'tuple');
    this.push(isCall ? this.#result(called, args) : this.fail('calls what is no function'));
  }

  #result(called: PickleGlobal, args: PickleTuple): PickleValue {
    return called.call?.(args.items) ?? this.unsafe(`calls ${called.name} with arguments that are not its own`);
  }

  /** The attributes of a dictionary, such as the `_metadata` of a module's state, are left out. */
  build(): void {
    this.pop();
    if (!is(this.top(), 'dict')) {
      this.fail('sets attributes of what is no dictionary');
    }
  }

  storage(): void {
    const id = this.pop();
    const found = is(id, 'tuple') ? this.findStorage?.(id.items) : undefined;
    this.push(found ?? this.fail('has a persistent id that names no storage'));
  }

  /** A number of so many bytes, the lowest first, with its sign. */
  integer(length: number): void {
    if (length > MAX_PICKLE_INTEGER_BYTES) {
      throw new PickleLimitError(`${this.input.what} has an integer of ${length} bytes.`);
    }
    const digits = Buffer.from(this.input.take(length)).reverse().toString('hex');
    const value = length === 0 ? 0n : BigInt.asIntN(8 * length, BigInt(`0x${digits}`));
    this.push(Number.isSafeInteger(Number(value)) ? Number(value) : value);
  }

  text(length: number): void {
    this.push(this.input.take(length).toString('utf8'));
  }

  skip(length: number): void {
    this.input.take(length);
    this.push(PLAIN);
  }
}

type Step = (machine: Machine) => void;

/** A call with all values as arguments would be limited by the size of JavaScript's stack. */
function addAll(items: PickleValue[], values: readonly PickleValue[]): void {
  for (const value of values) {
    items.push(value);
  }
}

const list = (items: PickleValue[]): PickleList => ({ kind: 'list', items });
const tuple = (items: PickleValue[]): PickleTuple => ({ kind: 'tuple', items });
const shown = (name: string): string => beginning(name).slice(1, -1);

const STOP = 0x2e;

/** What opcodes do, by their code. */
const STEPS: Readonly<Record<number, Step>> = {
  // PROTO, FRAME
  128: (m) => m.input.take(1),
  149: (m) => m.input.take(8),
  // MARK, POP, POP_MARK, DUP
  40: (m) => m.mark(),
  48: (m) => m.pop(),
  49: (m) => m.takeToMark(),
  50: (m) => m.push(m.top()),
  // NONE, NEWTRUE, NEWFALSE
  78: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  74: (m) => m.push(m.input.take(4).readInt32LE()),
  75: (m) => m.push(m.input.u8()),
  77: (m) => m.push(m.input.u16()),
  138: (m) => m.integer(m.input.u8()),
  139: (m) => m.integer(m.input.u32()),
  71: (m) => m.push(m.input.take(8).readDoubleBE()),
  // BINSTRING, SHORT_BINSTRING, BINUNICODE, SHORT_BINUNICODE, BINUNICODE8
  84: (m) => m.text(m.input.u32()),
  85: (m) => m.text(m.input.u8()),
  88: (m) => m.text(m.input.u32()),
  140: (m) => m.text(m.input.u8()),
  141: (m) => m.text(m.input.u64()),
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  66: (m) => m.skip(m.input.u32()),
  67: (m) => m.skip(m.input.u8()),
  142: (m) => m.skip(m.input.u64()),
  150: (m) => m.skip(m.input.u64()),
  // EMPTY_LIST, APPEND, APPENDS, LIST; sets are read as lists: EMPTY_SET, ADDITEMS, FROZENSET
  93: (m) => m.push(list([])),
  97: (m) => m.append(m.take(1)),
  101: (m) => m.append(m.takeToMark()),
  108: (m) => m.push(list(m.takeToMark())),
  143: (m) => m.push(list([])),
  144: (m) => m.append(m.takeToMark()),
  145: (m) => m.push(list(m.takeToMark())),
  // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  41: (m) => m.push(tuple([])),
  116: (m) => m.push(tuple(m.takeToMark())),
  133: (m) => m.push(tuple(m.take(1))),
  134: (m) => m.push(tuple(m.take(2))),
  135: (m) => m.push(tuple(m.take(3))),
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  125: (m) => m.push({ kind: 'dict', items: [] }),
  100: (m) => {
    const items = m.takeToMark();
    m.push({ kind: 'dict', items: [] });
    m.setItems(items);
  },
  115: (m) => m.setItems(m.take(2)),
  117: (m) => m.setItems(m.takeToMark()),
  // BINGET, LONG_BINGET, BINPUT, LONG_BINPUT, MEMOIZE
  104: (m) => m.recall(m.input.u8()),
  106: (m) => m.recall(m.input.u32()),
  113: (m) => m.remember(m.input.u8()),
  114: (m) => m.remember(m.input.u32()),
  148: (m) => m.remember(),
  // GLOBAL, STACK_GLOBAL
  99: (m) => m.global(m.input.line(), m.input.line()),
  147: (m) => {
    const [module = null, name = null] = m.take(2);
    m.global(module, name);
  },
  // REDUCE, BUILD, BINPERSID
  82: (m) => m.call(),
  98: (m) => m.build(),
  81: (m) => m.storage(),
};

/** Opcodes that make objects of classes, and those of the protocol of text, in which no tensor can be kept. */
const REFUSED: Readonly<Record<number, Step>> = {
  105: (m) => m.refuse(shown(`${m.input.line()}.${m.input.line()}`)),
  111: (m) => m.refuse('an object of a class (opcode OBJ)'),
  129: (m) => m.refuse('an object of a class (opcode NEWOBJ)'),
  146: (m) => m.refuse('an object of a class (opcode NEWOBJ_EX)'),
  130: (m) => m.refuse('a registered extension (opcode EXT1)'),
  131: (m) => m.refuse('a registered extension (opcode EXT2)'),
  132: (m) => m.refuse('a registered extension (opcode EXT4)'),
  151: (m) => m.refuse('a buffer from elsewhere (opcode NEXT_BUFFER)'),
  152: (m) => m.refuse('a buffer from elsewhere (opcode READONLY_BUFFER)'),
  ...Object.fromEntries(
    [...'FILPSVgp'].map((letter) => [
      letter.charCodeAt(0),
      (m: Machine) => m.unsafe(`has the opcode ${letter} of the oldest protocol, in which no tensor can be kept`),
    ]),
  ),
};
