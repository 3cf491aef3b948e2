/** An answer is kept for so many times as long as it took: asking never takes more than that share of the time. */
const keptTimes = 20;

/** The last answer to a question that costs time, while nobody else can be served. */
export class CostlyAnswer<T> {
  #last: { readonly question: string; readonly answer: T; readonly until: number } | undefined;

  /** @param question another one is answered anew */
  get(question: string, find: () => T): T {
    const start = performance.now();
    if (this.#last && this.#last.question === question && start < this.#last.until) return this.#last.answer;
    const answer = find();
    const end = performance.now();
    this.#last = { question, answer, until: end + keptTimes * (end - start) };
    return answer;
  }
}
