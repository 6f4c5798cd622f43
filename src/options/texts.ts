/** What options are for, that the command line and the page have both: `--help` and the page show these very words. */
export const OPTION_TEXTS = {
  quant: 'quantize to one or more types',
  check: 'run each file beside the source: perplexity and KL divergence',
  to: 'where the files go, as owner/name; it is created where there is none',
  private: 'create new repositories as private ones',
  splitMaxSize: "bytes of a part's tensors, in units of 1,000, 1,000,000 or 1,000,000,000",
} as const;
