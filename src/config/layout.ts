import type { Configuration } from './configuration.ts';
import type { VariableReader } from './load.ts';
import { layoutVariables } from './variables.ts';

/** How files are split from now on; what is stored keeps its layout. */
export type LayoutConfiguration = Pick<Configuration, 'layout' | 'writeQuorum' | 'partTimeout'>;

/** Parts of one segment, data and parity together: what the erasure code is made for. */
const mostParts = 20;

/** The layout for a number of storage servers: one may be lost from three on, two from six on. */
export function defaultLayout(servers: number): Configuration['layout'] {
  const parts = Math.min(servers, mostParts);
  const parityParts = parts >= 6 ? 2 : parts >= 3 ? 1 : 0;
  return { dataParts: parts - parityParts, parityParts };
}

/**
 * What is left of a layout while storage servers are being drained: as many may fail as before, and data parts are
 * fewer. Where even that is impossible it stays as it is, and the servers that leave still get parts.
 * @param staying how many storage servers are not being drained
 */
export function layoutFor(layout: Configuration['layout'], staying: number): Configuration['layout'] {
  const { dataParts, parityParts } = layout;
  if (staying >= dataParts + parityParts || staying <= parityParts) return layout;
  return { dataParts: staying - parityParts, parityParts };
}

/** @param servers how many storage servers there are */
export function readLayout(reader: VariableReader, servers: number): LayoutConfiguration {
  const { parityParts, dataParts, writeQuorum, partTimeout } = layoutVariables;
  const byDefault = defaultLayout(servers);
  const most = Math.min(servers, mostParts);
  const parity = reader.within(parityParts, 0, most - 1);
  const data = reader.within(dataParts, 1, most);
  // With one of the two set, the other takes what is left of the servers.
  const layout = {
    dataParts: data ?? (parity === undefined ? byDefault.dataParts : most - parity),
    parityParts:
      parity ?? (data === undefined ? byDefault.parityParts : Math.min(byDefault.parityParts, most - data)),
  };
  const parts = layout.dataParts + layout.parityParts;
  if (parts > most) {
    reader.problems.push(
      `${dataParts} and ${parityParts} make ${parts} parts: write at most ${most}, ` +
        (servers < mostParts ? 'one for each storage server' : 'data and parity together'),
    );
  }
  const quorum = reader.within(writeQuorum, layout.dataParts, parts);
  const timeout = reader.within(partTimeout, 1, 3600);
  return {
    layout,
    ...(quorum !== undefined && { writeQuorum: quorum }),
    ...(timeout !== undefined && { partTimeout: timeout }),
  };
}

/** The variables that {@link readLayout} reads back. */
export function layoutEnvironment({
  layout,
  writeQuorum,
  partTimeout,
}: LayoutConfiguration): Record<string, string> {
  return {
    [layoutVariables.dataParts]: String(layout.dataParts),
    [layoutVariables.parityParts]: String(layout.parityParts),
    ...(writeQuorum !== undefined && { [layoutVariables.writeQuorum]: String(writeQuorum) }),
    ...(partTimeout !== undefined && { [layoutVariables.partTimeout]: String(partTimeout) }),
  };
}
