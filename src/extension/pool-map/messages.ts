/** What the extension tells the page of the pool map, and the other way. Nothing of Node here. */
import type { PlacedFile } from './survival.ts';

export interface MapServer {
  readonly number: number;
  readonly address: string;
  readonly state: string;
  /** The state in words for a person. */
  readonly words: string;
  /** How many, in words. */
  readonly parts: string;
  readonly bytes: number;
  readonly free?: number;
}

export interface MapState {
  readonly type: 'state';
  readonly path: string;
  readonly servers: readonly MapServer[];
  readonly files: readonly PlacedFile[];
  /** Only the first files are shown. */
  readonly isCut: boolean;
  /** Bytes a second, one for each second, oldest first. */
  readonly throughput: readonly number[];
  /** What repair is doing, in words for a person. */
  readonly repair: string;
  /** Why nothing is shown. */
  readonly problem: string;
}

/** The page's texts, in the language of VS Code; `{0}` and so on are filled in by the page. */
export interface MapTexts {
  readonly servers: string;
  readonly server: string;
  readonly whatIf: string;
  readonly switchOff: string;
  readonly free: string;
  readonly byte: string;
  readonly bytes: string;
  readonly throughput: string;
  readonly perSecond: string;
  readonly where: string;
  readonly file: string;
  readonly verdict: string;
  readonly data: string;
  readonly parity: string;
  readonly missing: string;
  readonly unreachable: string;
  readonly none: string;
  readonly whole: string;
  readonly degraded: string;
  readonly lost: string;
  readonly spareNone: string;
  readonly spareOne: string;
  readonly spare: string;
  readonly noFiles: string;
  readonly cut: string;
  readonly result: string;
  readonly resultOffOne: string;
  readonly resultOff: string;
}
