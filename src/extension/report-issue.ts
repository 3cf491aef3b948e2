import { arch, platform, release } from 'node:os';
import * as vscode from 'vscode';
import { issueData } from './issue-data.ts';
import type { Servers } from './servers.ts';

/** Opens VS Code's form for issues, or a document, with what helps to find a fault: no names, addresses, paths or passwords. */
export async function reportIssue(servers: Servers): Promise<void> {
  const content = await issueBody(servers);
  try {
    await vscode.commands.executeCommand('workbench.action.openIssueReporter', {
      extensionId: 'splitftp.splitftp',
      issueBody: content,
    });
  } catch {
    // VS Code has no form for an extension without a public place for issues: the text can be sent in any other way.
    const document = await vscode.workspace.openTextDocument({ language: 'markdown', content });
    await vscode.window.showTextDocument(document);
  }
}

async function issueBody(servers: Servers): Promise<string> {
  const { state } = servers;
  const about = {
    vscode: vscode.version,
    node: process.versions.node,
    system: `${platform()} ${release()} ${arch()}`,
    // Its name may be that of a machine.
    remote: vscode.env.remoteName !== undefined,
    trusted: vscode.workspace.isTrusted,
    servers: state.kind,
    ...(state.kind === 'running' && { startedHere: state.startedHere }),
  };
  return [
    `${vscode.l10n.t('What happened:')}\n\n\n${vscode.l10n.t('What should have happened:')}\n\n\n\`\`\``,
    JSON.stringify(about),
    ...(state.kind === 'running' ? await poolData(servers) : []),
    '```',
  ].join('\n');
}

/** An issue is most wanted when something does not answer. */
async function poolData(servers: Servers): Promise<string[]> {
  try {
    return issueData(await (await servers.client()).status());
  } catch {
    return ['the coordinator does not answer'];
  }
}
