/**
 * Who may import what: each folder of src, a room, with the rooms whose modules it may import. Imports of types count.
 * `npm run lint` holds src to it, and test/rooms.test.ts the table in docs/architecture.md.
 */
export const ROOMS = {
  archs: 'config gguf language options tensor text tokenizer',
  async: '',
  calls: 'async fill gguf-files layout options output plan quantize repo runner',
  checkpoint: 'async options repo tensor',
  cli: 'archs calls files gguf gguf-files layout options output plan plot publish quantize repo runner server tensor tokenizer',
  config: 'language numeric transformers',
  files: 'async calls gguf gguf-files jinja layout loading options output plan quantize repo tensor',
  fill: 'async gguf layout output quantize repo tensor',
  generated: '',
  gguf: 'options',
  'gguf-files': 'gguf quantize repo',
  graphs: 'gguf',
  'hf-tokenizer': 'repo text',
  jinja: 'gguf',
  language: '',
  layout: 'gguf quantize tensor',
  loading: 'gguf graphs tokenize',
  metadata: 'gguf repo',
  numeric: '',
  options: '',
  output: 'gguf gguf-files metadata repo',
  plan:
    'archs async checkpoint config fill gguf gguf-files hf-tokenizer jinja language layout loading metadata numeric options ' +
    'output quantize repo tensor text tokenize tokenizer',
  plot: 'gguf layout quantize runner',
  publish: 'async calls gguf layout metadata options output plan plot quantize repo runner',
  quantize: 'gguf options tensor',
  repo: 'gguf options',
  runner: 'async fill gguf gguf-files graphs jinja layout loading options output plan quantize repo tensor tokenize',
  server: 'async calls gguf layout options output plan plot publish quantize repo runner',
  tensor: 'gguf',
  text: '',
  tokenize: 'gguf text',
  tokenizer: 'config gguf hf-tokenizer language options repo text tokenize',
  transformers: 'generated language',
};

/** Modules of src itself that every module may import. They import no others. */
export const EVERYONE = 'any-case errors events json limits listed printable secrets system-limits warnings';

/** Rooms that a browser can run: none of their modules imports one of Node's. */
export const PORTABLE =
  'archs async config generated gguf graphs hf-tokenizer jinja language layout loading metadata numeric options plan quantize ' +
  'tensor text tokenize tokenizer transformers';

/** The exceptions: modules of portable rooms that import Node's, each with its reason. */
export const NODE_MODULES = {
  'src/async/jobs.ts': 'asks the system how many cores there are',
  'src/plan/within-time.ts': "stops a regular expression that runs too long, by node:vm's timeout",
  'src/quantize/native.ts': 'loads the addon',
};

/**
 * A regular expression for the names in a list.
 * @param {string} names
 */
const anyOf = (names) => `(${names.trim().replaceAll(' ', '|')})`;
const everyone = `^src/${anyOf(EVERYONE)}[.]ts$`;

const rooms = Object.entries(ROOMS).map(([room, imports]) => ({
  name: `${room}-imports`,
  comment: `src/${room} may import ${imports || 'no other room'}.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/', pathNot: [`^src/${anyOf(`${room} ${imports}`)}/`, everyone] },
}));

// biome-ignore lint/style/noDefaultExport: dependency-cruiser reads this one.
export default {
  forbidden: [
    ...rooms,
    {
      name: 'unknown-room',
      comment: 'A folder of src needs a row in ROOMS.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/${anyOf(Object.keys(ROOMS).join(' '))}/` },
      to: {},
    },
    {
      name: 'everyone-imports',
      comment: 'A module that every module may import depends on no room.',
      severity: 'error',
      from: { path: everyone },
      to: { path: '^src/', pathNot: everyone },
    },
    {
      name: 'portable',
      comment: 'A room that a browser can run imports no module of Node.',
      severity: 'error',
      from: { path: `^src/${anyOf(PORTABLE)}/`, pathNot: Object.keys(NODE_MODULES) },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: { tsPreCompilationDeps: true, doNotFollow: 'node_modules' },
};
