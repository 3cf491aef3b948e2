import { randomBytes } from 'node:crypto';
import * as v from 'valibot';
import * as vscode from 'vscode';
import type { StatusReport } from '../../site/reports.ts';
import { partsToRebuild } from '../health/pool-trouble.ts';
import type { PoolWatch } from '../pool-watch.ts';
import type { Servers } from '../servers.ts';
import { stateWords } from '../servers-view/server-node.ts';
import { countParts } from '../wording.ts';
import type { MapState, MapTexts } from './messages.ts';
import { placementOf } from './placement.ts';
import type { PlacedFile } from './survival.ts';

const ready = v.object({ type: v.literal('ready') });
/** Seconds of throughput that are shown. */
const history = 180;
/** Seconds between two looks at where the parts are while nothing is known to have changed. */
const lookAgain = 10;

interface PoolMapParts {
  readonly extensionUri: vscode.Uri;
  readonly servers: Servers;
  readonly watch: PoolWatch;
  /** Bytes a second at this moment, of this window's transfers. */
  speed(): number;
}

/** A picture of where the parts are, in an editor tab: one for the window. */
export class PoolMap implements vscode.Disposable {
  readonly #parts: PoolMapParts;
  readonly #throughput: number[] = Array.from({ length: history }, () => 0);
  readonly #sampling: NodeJS.Timeout;
  #panel: vscode.WebviewPanel | undefined;
  #path = '/';
  #files: readonly PlacedFile[] = [];
  #isCut = false;
  #problem = '';
  /** Of the moment of the last look, so that all of the picture is of one moment. */
  #reports: readonly StatusReport[] = [];
  #seconds = 0;
  #looking = false;
  /** Something has changed since the look that is going on began. */
  #isStale = false;

  constructor(parts: PoolMapParts) {
    this.#parts = parts;
    this.#sampling = setInterval(() => this.#second(), 1000);
  }

  show(path = '/'): void {
    this.#path = path;
    this.#files = [];
    if (this.#panel === undefined) this.#open();
    else this.#panel.reveal();
    void this.#look();
  }

  dispose(): void {
    clearInterval(this.#sampling);
    this.#panel?.dispose();
  }

  #open(): void {
    const { extensionUri, watch } = this.#parts;
    const roots = ['media', 'dist'].map((folder) => vscode.Uri.joinPath(extensionUri, folder));
    const panel = vscode.window.createWebviewPanel(
      'splitftp.poolMap',
      vscode.l10n.t('SplitFTP Pool Map'),
      vscode.ViewColumn.Active,
      { enableScripts: true, localResourceRoots: roots },
    );
    panel.iconPath = vscode.Uri.joinPath(extensionUri, 'media/icon.png');
    panel.webview.html = pageOf(panel.webview, extensionUri);
    const subscriptions = vscode.Disposable.from(
      watch.watch(),
      watch.onDidChange(() => this.#follow()),
      panel.webview.onDidReceiveMessage((message: unknown) => {
        if (v.is(ready, message)) this.#send();
      }),
    );
    panel.onDidDispose(() => {
      subscriptions.dispose();
      this.#panel = undefined;
    });
    this.#panel = panel;
  }

  #second(): void {
    this.#throughput.push(this.#parts.speed());
    this.#throughput.shift();
    if (this.#panel?.visible !== true) return;
    this.#seconds += 1;
    if (this.#seconds % lookAgain === 0) void this.#look();
    else this.#send();
  }

  /** Where the parts are is looked up anew when the servers tell that they have others. */
  #follow(): void {
    const { reports } = this.#parts.watch;
    if (partsKey(reports) === partsKey(this.#reports)) this.#send();
    else void this.#look();
  }

  async #look(): Promise<void> {
    const { servers, watch } = this.#parts;
    if (this.#panel === undefined) return;
    if (this.#looking) {
      this.#isStale = true;
      return;
    }
    if (servers.state.kind !== 'running') {
      [this.#files, this.#reports] = [[], watch.reports];
      this.#problem = vscode.l10n.t('The servers do not run.');
      this.#send();
      return;
    }
    [this.#looking, this.#isStale] = [true, false];
    const path = this.#path;
    const { reports } = watch;
    try {
      const { files, isCut } = await placementOf(await servers.client(), path);
      [this.#files, this.#isCut, this.#problem] = [files, isCut, ''];
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
    } finally {
      this.#looking = false;
    }
    this.#reports = reports;
    this.#send();
    if (path !== this.#path || this.#isStale) await this.#look();
  }

  #send(): void {
    const { problem } = this.#parts.watch;
    const reports = this.#reports;
    const coordinator = reports.find(({ kind }) => kind === 'coordinator');
    const repair = coordinator?.kind === 'coordinator' ? coordinator.repair : undefined;
    const state: MapState = {
      type: 'state',
      path: this.#path,
      servers: reports
        .filter((report) => report.kind === 'storage server')
        .map(({ number, address, state: now, parts, bytes, free }) => ({
          number,
          address,
          state: now,
          words: stateWords(now),
          parts: countParts(parts),
          bytes,
          ...(free !== undefined && { free }),
        })),
      files: this.#files,
      isCut: this.#isCut,
      throughput: this.#throughput,
      repair:
        repair === undefined || (repair.parts === 0 && repair.repairedParts === 0)
          ? ''
          : vscode.l10n.t(
              'Repair: {0}, {1} rebuilt.',
              partsToRebuild(repair),
              countParts(repair.repairedParts),
            ),
      problem: problem ?? this.#problem,
    };
    // It is told again within a second: a page that is just closed need not get it.
    void this.#panel?.webview.postMessage(state);
  }
}

/** What changes with the places of parts. */
function partsKey(reports: readonly StatusReport[]): string {
  return JSON.stringify(
    reports.map((report) =>
      report.kind === 'storage server'
        ? [report.number, report.state, report.parts, report.bytes]
        : [report.files, report.repair],
    ),
  );
}

function pageTexts(): MapTexts {
  return {
    servers: vscode.l10n.t('Storage servers'),
    server: vscode.l10n.t('Storage server {0}', '{0}'),
    whatIf: vscode.l10n.t(
      'What if? Switch servers off and see which files would survive. Nothing is really stopped.',
    ),
    switchOff: vscode.l10n.t('Switch this server off in the picture, or on again'),
    free: vscode.l10n.t('{0} free', '{0}'),
    byte: vscode.l10n.t('1 byte'),
    bytes: vscode.l10n.t('{0} bytes', '{0}'),
    throughput: vscode.l10n.t("Throughput of this window's transfers, last three minutes"),
    perSecond: vscode.l10n.t('Now {0}/s, at most {1}/s', '{0}', '{1}'),
    where: vscode.l10n.t('Where the parts are'),
    file: vscode.l10n.t('File'),
    verdict: vscode.l10n.t('Health'),
    data: vscode.l10n.t('data part'),
    parity: vscode.l10n.t('parity part'),
    missing: vscode.l10n.t('missing'),
    unreachable: vscode.l10n.t('not reachable'),
    none: vscode.l10n.t('no part'),
    whole: vscode.l10n.t('whole'),
    degraded: vscode.l10n.t('degraded, readable'),
    lost: vscode.l10n.t('not readable'),
    spareNone: vscode.l10n.t('no other storage server may fail'),
    spareOne: vscode.l10n.t('1 more storage server may fail'),
    spare: vscode.l10n.t('{0} more storage servers may fail', '{0}'),
    noFiles: vscode.l10n.t('No files are stored here.'),
    cut: vscode.l10n.t('Only the first 100 files are shown: choose a folder or a file in the tree.'),
    result: vscode.l10n.t(
      'Files: {0}. Whole: {1}, degraded: {2}, not readable: {3}.',
      '{0}',
      '{1}',
      '{2}',
      '{3}',
    ),
    resultOffOne: vscode.l10n.t(
      'Files that survive without storage server {0}: {1} of {2}.',
      '{0}',
      '{1}',
      '{2}',
    ),
    resultOff: vscode.l10n.t(
      'Files that survive without storage servers {0}: {1} of {2}.',
      '{0}',
      '{1}',
      '{2}',
    ),
  };
}

function pageOf(webview: vscode.Webview, extensionUri: vscode.Uri): string {
  const nonce = randomBytes(18).toString('base64url');
  const uri = (path: string) =>
    escaped(webview.asWebviewUri(vscode.Uri.joinPath(extensionUri, path)).toString());
  const texts = pageTexts();
  const policy = `default-src 'none'; style-src ${webview.cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${escaped(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<link rel="stylesheet" href="${uri('media/pool-map.css')}">
<title>${escaped(vscode.l10n.t('SplitFTP Pool Map'))}</title>
</head>
<body data-texts="${escaped(JSON.stringify(texts))}">
<main>
<h1>${escaped(vscode.l10n.t('Pool map of'))} <span id="path">/</span></h1>
<p id="problem" role="alert"></p>
<h2 id="servers-title">${escaped(texts.servers)}</h2>
<p>${escaped(texts.whatIf)}</p>
<ul id="servers" aria-labelledby="servers-title"></ul>
<p id="result" role="status" aria-live="polite"></p>
<p id="repair" role="status"></p>
<h2>${escaped(texts.throughput)}</h2>
<svg id="chart" role="img" viewBox="0 0 ${history} 42" preserveAspectRatio="none"><polyline id="line" points=""/></svg>
<div id="speed"></div>
<h2 id="where-title">${escaped(texts.where)}</h2>
<table aria-labelledby="where-title"><thead><tr id="head"></tr></thead><tbody id="files"></tbody></table>
<p id="empty"></p>
<p id="legend">${legend(texts)}</p>
</main>
<script nonce="${nonce}" src="${uri('dist/pool-map.js')}"></script>
</body>
</html>`;
}

/** The words are what a screen reader has in every cell; the squares are for who sees them. */
function legend({ data, parity, missing, unreachable }: MapTexts): string {
  const square = (kind: string) => `<span class="part ${kind}" aria-hidden="true"></span>`;
  return [
    `${square('data')} ${escaped(data)}`,
    `${square('parity')} ${escaped(parity)}`,
    `${square('missing')} ${escaped(missing)}, ${escaped(unreachable)}`,
  ]
    .map((entry) => `<span class="entry">${entry}</span>`)
    .join(' ');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
