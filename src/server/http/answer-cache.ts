/** Milliseconds that an answer is kept: a model that changes is seen anew after that. */
const TIME = 60_000;
/** Answers that are kept. */
const MOST = 500;

/** Answers to questions that many ask at once: each is worked out once, and kept for a while. Errors are not kept. */
export class AnswerCache<Answer> {
  readonly #answers = new Map<string, { readonly until: number; readonly answer: Promise<Answer> }>();

  constructor(readonly work: (question: string) => Promise<Answer>) {}

  get(question: string): Promise<Answer> {
    const found = this.#answers.get(question);
    if (found && found.until > Date.now()) {
      return found.answer;
    }
    const answer = this.work(question);
    this.#answers.delete(question);
    this.#answers.set(question, { until: Date.now() + TIME, answer });
    answer.catch(() => this.#answers.delete(question));
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > MOST && oldest !== undefined) {
      this.#answers.delete(oldest);
    }
    return answer;
  }
}
