import { hash } from 'node:crypto';

/** A storage server that could get a part. */
export interface Candidate {
  readonly number: number;
  /** Above 0; how large its share of all parts shall be. */
  readonly weight: number;
  /** Failure domain: what servers have in common that can take them all away. */
  readonly domain: string;
  /** A last resort: down, full or draining. */
  readonly last: boolean;
}

/**
 * Chooses storage servers for the parts of a segment by weighted rendezvous hashing: each server's share is as large as
 * its weight, and when a server comes or goes, only segments that go to it or leave it change. At most one part goes to
 * a failure domain as long as there are enough of them.
 *
 * Thaler and Ravishankar, "Using Name-Based Mappings to Increase Hit Rates" (1998); the weights as in Schindelhauer and
 * Schomaker, "Weighted Distributed Hash Tables" (2005): the logarithmic method.
 *
 * @param taken failure domains of parts that are placed already
 * @returns the best first; fewer than `count` when there are not as many candidates
 */
export function choose(
  segment: string,
  count: number,
  candidates: readonly Candidate[],
  taken: readonly string[] = [],
): Candidate[] {
  const ranked = candidates
    .map((candidate) => ({ candidate, score: score(segment, candidate) }))
    .sort((a, b) => b.score - a.score || a.candidate.number - b.candidate.number)
    .map(({ candidate }) => candidate);
  const chosen: Candidate[] = [];
  const parts = new Map<string, number>();
  for (const domain of taken) parts.set(domain, (parts.get(domain) ?? 0) + 1);
  for (const last of [false, true]) {
    const rest = ranked.filter((candidate) => candidate.last === last);
    while (chosen.length < count && rest.length > 0) {
      const fewest = Math.min(...rest.map(({ domain }) => parts.get(domain) ?? 0));
      const [next] = rest.splice(
        rest.findIndex(({ domain }) => (parts.get(domain) ?? 0) === fewest),
        1,
      );
      if (!next) break;
      parts.set(next.domain, (parts.get(next.domain) ?? 0) + 1);
      chosen.push(next);
    }
  }
  return chosen;
}

/**
 * The order in which servers get the parts of a segment: another one for each segment, so that data parts, which are
 * read, and parity parts, which are not, are everywhere.
 */
export function rotate(segment: string, servers: readonly number[]): number[] {
  return [...servers]
    .map((server) => ({ server, rank: fraction(`${segment} ${server} order`) }))
    .sort((a, b) => a.rank - b.rank || a.server - b.server)
    .map(({ server }) => server);
}

/** The largest of scores wins in proportion to the weights: `-w / ln(u)`, u uniform in (0, 1). */
function score(segment: string, { number, weight }: Candidate): number {
  return -weight / Math.log(fraction(`${segment} ${number}`));
}

/** Uniform in (0, 1), always the same for a text. */
function fraction(text: string): number {
  return (Number.parseInt(hash('sha256', text).slice(0, 13), 16) + 0.5) / 2 ** 52;
}
