/** What to expect of a type, in a few words. */
const WORDS: Readonly<Record<string, string>> = {
  F32: 'every bit of the weights',
  F16: '16 bits, not quantized',
  BF16: '16 bits, not quantized',
  Q8_0: 'as good as the original',
  Q6_K: 'hardly any loss',
  Q5_K_M: 'very little loss',
  Q5_K_S: 'very little loss',
  Q4_K_M: 'the usual choice',
  Q4_K_S: 'a little smaller, a little worse',
  IQ4_XS: 'small for its quality, slower on CPUs',
  Q4_0: 'quick on CPUs, an older format',
  Q3_K_L: 'a loss that shows',
  Q3_K_M: 'a loss that shows',
  Q3_K_S: 'a loss that shows',
  Q2_K: 'much is lost',
};

export function wordsFor(type: string): string {
  return WORDS[type] ?? '';
}
