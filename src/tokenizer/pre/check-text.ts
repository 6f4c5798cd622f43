/**
 * The text whose ids the reference hashes. It has spaces of every kind, emoji, groups of digits, several scripts, runs
 * of punctuation, and contractions. Source: `chktxt` in `get_vocab_base_pre` of conversion/base.py.
 */
export const CHECK_TEXT = [
  '\n \n\n \n\n\n \t \t\t \t\n  \n   \n    \n     \n',
  '\u{1f680} (normal) \u{1f636}\u{200d}\u{1f32b}\u{fe0f} (multiple emojis concatenated) \u{2705} \u{1f999}\u{1f999} ',
  '3 33 333 3333 33333 333333 3333333 33333333 3.3 3..3 3...3 ',
  '\u{1780}\u{17b6}\u{1793}\u{17cb}\u{178f}\u{17c2}\u{1796}\u{17b7}\u{179f}\u{17c1}\u{179f}\u{17a2}\u{17b6}\u{1785}\u{1f601} ?',
  '我想在apple工作1314151天\u{ff5e} ------======= нещо на Български ',
  "''''''```````\"\"\"\"......!!!!!!?????? ",
  "I've been 'told he's there, 'RE you sure? 'M not sure I'll make it, 'D you like some tea? We'Ve a'lL",
].join('');

/** The text with what it lacks: more scripts, and code. */
export const PROBE_TEXT = `${CHECK_TEXT}
Η γρήγορη καφέ αλεπού, Ёжик в тумане; שלום עולם، مرحبا بالعالم — “日本語のテキスト、カタカナ”, 한국어 텍스트 12,345.67 €.
/* camelCase, snake_case, HTTPServer2 */
async function main(argv: string[] = []) {
    const { length: n } = argv ?? [];
\tif (n >= 0x1F && !isNaN(+argv[0])) { return \`\${n}%\\n\`; }
}
#include <stdio.h>
for i in range(10):  # 0..9
        print(f"{i:>4}", end="\\t")
SELECT * FROM "users" WHERE e-mail = 'a.b@c.org' AND id <> -1;
https://example.org/a_b?c=d&e=%20#f  $x^2 + \\frac{1}{2}$ ~~~ <p class="x">&amp;</p>
`;
