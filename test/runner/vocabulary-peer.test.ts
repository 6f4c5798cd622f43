import { peerMissing } from '../peer/ggml.js';
import { askAbout } from './ask-small.js';
import { nastyTexts } from './texts.js';
import { answerOf, smallVocabularies } from './vocabularies.js';

const title = peerMissing === undefined ? 'beside llama.cpp' : `beside llama.cpp (skipped: ${peerMissing})`;

(peerMissing === undefined ? describe : describe.skip)(title, () => {
  test('the same ids, pieces and roles for random texts, with every pre-tokenizer', async () => {
    const texts = ['', ' ', '\n', ...nastyTexts(150, 20260)];
    const vocabularies = await smallVocabularies();
    const theirs = askAbout(vocabularies, texts);
    vocabularies.forEach(([name, kv], i) => {
      const ours = answerOf(kv, texts);
      const differing = texts.filter((_, t) => String(ours.ids[t]) !== String(theirs[i]?.ids[t]));
      expect({ name, differing: differing.slice(0, 3) }).toEqual({ name, differing: [] });
      expect(ours).toEqual(theirs[i]);
    });
  }, 120_000);
});
