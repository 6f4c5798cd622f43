import * as v from 'valibot';

/**
 * What the server and its page say to each other: requests are checked against these schemas, `/openapi.json` is made of
 * them, and the page's `Backend` has their types.
 */

/** `org/model`, or `org/model@revision`: never an address or a path. */
export const sourceName = v.pipe(
  v.string(),
  v.maxLength(300),
  v.regex(
    /^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}(@(?!.*(?:\.\.|\/\/))\w[\w./-]{0,99})?$/,
    'a name as org/model',
  ),
);

/** `local:folder`: a folder of the one that the server was given for this, if it was. */
const localName = v.pipe(
  v.string(),
  v.maxLength(102),
  v.regex(/^local:[A-Za-z0-9_][\w.-]{0,95}$/, 'a name as local:folder'),
);
const source = v.union([sourceName, localName], 'a name as org/model');

const typeName = v.pipe(v.string(), v.maxLength(20), v.regex(/^[A-Z0-9_]+$/, 'the name of a type, such as Q4_K_M'));

export const planRequest = v.strictObject({ source });
/** Where the files of a job go on the Hub. */
export const publication = v.strictObject({
  /** The repository, `owner/name`; it is created where there is none. */
  to: v.pipe(
    v.string(),
    v.maxLength(200),
    v.regex(/^[A-Za-z0-9_][\w.-]{0,95}\/[A-Za-z0-9_][\w.-]{0,95}$/, 'the name of a repository, as owner/name'),
  ),
  /** Whether it is created as a private one. */
  private: v.boolean(),
});

/** Of a part's tensors together, as `--split-max-size` takes it. */
const splitMaxSize = v.pipe(v.string(), v.regex(/^\d{1,15}[KMG]?$/, 'bytes, or a number with K, M or G, such as 2G'));

export const jobRequest = v.strictObject({
  source,
  /** Each is a file. */
  quant: v.pipe(v.array(typeName), v.minLength(1), v.maxLength(8)),
  /** Whether each file is run beside the original, to say how far it is from it. */
  check: v.optional(v.boolean(), false),
  splitMaxSize: v.optional(splitMaxSize),
  publish: v.optional(publication),
});
export const searchRequest = v.object({ q: v.pipe(v.string(), v.maxLength(200)) });

export const sessionRequest = v.strictObject({ token: v.pipe(v.string(), v.maxLength(1000)) });

export const session = v.object({
  /** How users of this server log in: not at all, with a token that they share, or with Hugging Face, which `/login` begins. */
  how: v.picklist(['none', 'token', 'huggingface']),
  isNeeded: v.boolean(),
  /** Whether whoever asks has logged in, or need not. */
  isOpen: v.boolean(),
  /** Whether there is a token that may publish: the user's own, or that of this machine. */
  mayPublish: v.boolean(),
  /** What the user is called at the Hub. */
  name: v.nullable(v.string()),
});

/** A model on the Hub. */
export const found = v.object({ name: v.string(), downloads: v.number(), likes: v.number(), isGated: v.boolean() });

export const typeChoice = v.object({
  /** The file type's name, such as `Q4_K_M`. */
  type: v.string(),
  /** The file's name. */
  path: v.string(),
  /** Bytes of the file, exactly. */
  size: v.number(),
  bitsPerWeight: v.number(),
  /** Bytes that running it takes, with a context of 4,096 tokens. */
  memory: v.number(),
  /** The share of parameters (0 to 1) that get another type, because of their row length. */
  fallbackShare: v.number(),
});

/** What is known of a model from its headers alone. */
export const modelPlan = v.object({
  source: v.string(),
  commit: v.string(),
  /** Its page on the Hub, at this commit; null for a folder of this machine. */
  url: v.nullable(v.string()),
  /** The architecture's name in GGUF. */
  architecture: v.string(),
  parameters: v.number(),
  licences: v.array(v.string()),
  isGated: v.boolean(),
  warnings: v.array(v.string()),
  /** Seconds that measuring takes roughly for each file, and for the original once more; null where it can't be run. */
  checkSeconds: v.nullable(v.number()),
  /** The largest first. */
  types: v.array(typeChoice),
});

export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'cancelled'] as const;

export const jobFile = v.object({ name: v.string(), type: v.nullable(v.string()), size: v.number() });

/** A figure and its standard error. */
const estimate = v.object({ value: v.number(), error: v.number() });

/** How far the files of a job are from the original: the figures of `hf2gguf check`, on its bundled text. */
export const quality = v.object({
  /** Chunks of the text, the tokens of each, and how many of all are scored. */
  chunks: v.number(),
  ctx: v.number(),
  tokens: v.number(),
  /** That of the original. */
  perplexity: estimate,
  models: v.array(
    v.object({
      /** The file type's name. */
      type: v.string(),
      perplexity: estimate,
      /** The mean KL divergence from the original, in nats. */
      kld: estimate,
      /** The share of positions (0 to 1) at which both have the same likeliest token. */
      sameTop: estimate,
    }),
  ),
  /** The name of the file that draws sizes against KL divergences. */
  plot: v.string(),
});
/** What a worker of several has to itself. */
export const jobPart = v.object({ files: v.array(v.string()), size: v.number() });

export const failure = v.object({ what: v.string(), next: v.optional(v.string()) });

export const job = v.object({
  id: v.string(),
  source: v.string(),
  commit: v.string(),
  quant: v.array(v.string()),
  check: v.boolean(),
  splitMaxSize: v.nullable(v.string()),
  publish: v.nullable(publication),
  /** What several workers share; empty where one does all. An event of a part has its index, `part`. */
  parts: v.array(jobPart),
  state: v.picklist(JOB_STATES),
  /** How many jobs come before it; null when it does not wait. */
  place: v.nullable(v.number()),
  /** Milliseconds since 1970. */
  created: v.number(),
  ended: v.nullable(v.number()),
  files: v.array(jobFile),
  quality: v.nullable(quality),
  /** The page of the repository that the files are published in. */
  url: v.nullable(v.string()),
  failure: v.nullable(failure),
});

export type Publication = v.InferOutput<typeof publication>;
export type Session = v.InferOutput<typeof session>;
export type Found = v.InferOutput<typeof found>;
export type TypeChoice = v.InferOutput<typeof typeChoice>;
export type ModelPlan = v.InferOutput<typeof modelPlan>;
export type JobState = (typeof JOB_STATES)[number];
export type JobFile = v.InferOutput<typeof jobFile>;
export type Quality = v.InferOutput<typeof quality>;
export type JobPart = v.InferOutput<typeof jobPart>;
export type Failure = v.InferOutput<typeof failure>;
export type Job = v.InferOutput<typeof job>;
export type JobRequest = v.InferOutput<typeof jobRequest>;

/**
 * What happens to a job: the library's events (phase, progress, wait, warning, file), and `state` whenever it has come to
 * another one. The stream of events puts the whole job into these.
 */
export type JobEvent = { readonly event: string; readonly [field: string]: unknown };
