import { arch, platform, release } from 'node:os';
import * as vscode from 'vscode';
import type { PoolWatch } from './pool-watch.ts';
import type { Servers } from './servers.ts';

/** Opens VS Code's form for issues with what helps to find a fault: no names, addresses, paths or passwords. */
export async function reportIssue(servers: Servers, watch: PoolWatch): Promise<void> {
  await vscode.commands.executeCommand('workbench.action.openIssueReporter', {
    extensionId: 'splitftp.splitftp',
    issueBody: issueBody(servers, watch),
  });
}

export function issueBody({ state }: Servers, { reports }: PoolWatch): string {
  const lines = reports.map((report) => {
    if (report.kind === 'coordinator') {
      const { version, layout, files, bytes, garbage, health, repair } = report;
      // A reason names servers, paths and users.
      const { reason: _, ...queue } = repair ?? {};
      return JSON.stringify({
        kind: report.kind,
        version,
        layout,
        files,
        bytes,
        garbage,
        health,
        repair: queue,
      });
    }
    const { number, state: now, can, connections, parts, bytes, missing, errors } = report;
    return JSON.stringify({ number, state: now, can, connections, parts, bytes, missing, errors });
  });
  const about = {
    vscode: vscode.version,
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    remote: vscode.env.remoteName ?? 'no',
    trusted: vscode.workspace.isTrusted,
    servers: state.kind,
    ...(state.kind === 'running' && { startedHere: state.startedHere }),
  };
  return [
    `${vscode.l10n.t('What happened:')}\n\n\n${vscode.l10n.t('What should have happened:')}\n\n\n\`\`\``,
    JSON.stringify(about),
    ...lines,
    '```',
  ].join('\n');
}
