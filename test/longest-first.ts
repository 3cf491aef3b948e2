import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * What takes longest, below `test/`. Files of different kinds take turns: two of them run at a time, and two windows
 * of VS Code beside each other would keep each other waiting.
 */
const longest = [
  'interop/clients-plain',
  'vscode/files-in-editor',
  'interop/clients-implicit',
  'vscode/life',
  'interop/clients-explicit',
  'vscode/transfers',
  'interop/foreign-storage',
  'vscode/installed',
  'reliability/crash',
  'vscode/pool',
  'reliability/corruption',
  'vscode/extension-host',
  'interop/foreign-abilities',
  'vscode/members',
  'integration/ftp-fuzz',
  'reliability/model-4+2',
  'reliability/model-2+1',
  'reliability/faults-2+1',
  'reliability/faults-2+0',
  'integration/interrupted',
  'integration/real-tree',
  'interop/rclone',
] as const;

/**
 * Starts the test files that take longest first, the others as Vitest does: so that the last minutes of a run are many
 * short files, and not one long one while a processor has nothing to do.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const path = relative(import.meta.dirname, moduleId).replaceAll('\\', '/');
  const found = longest.findIndex((name) => path === `${name}.test.ts`);
  return found < 0 ? longest.length : found;
}
