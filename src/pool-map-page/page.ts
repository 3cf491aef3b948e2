/// <reference lib="dom" />
/** The pool map's page. It draws what the extension tells; "what if" is answered here, from what is drawn. */
import type { MapServer, MapState, MapTexts } from '../extension/pool-map/messages.ts';
import { type PlacedFile, type PlacedPart, survivalOf } from '../extension/pool-map/survival.ts';

declare function acquireVsCodeApi(): { postMessage(message: unknown): void };

const vscode = acquireVsCodeApi();
const texts: MapTexts = JSON.parse(document.body.dataset.texts ?? '{}');
/** Switched off by whoever looks. */
const off = new Set<number>();
let shown: MapState | undefined;
/** What the table shows: drawn anew, it would lose what somebody points at, reads or has selected. */
let drawnFiles = '';

window.addEventListener('message', ({ data }: MessageEvent<MapState>) => {
  if (data.type !== 'state') return;
  shown = data;
  draw();
});
vscode.postMessage({ type: 'ready' });

function draw(): void {
  if (shown === undefined) return;
  byId('path').textContent = shown.path;
  byId('problem').textContent = shown.problem;
  byId('repair').textContent = shown.repair;
  drawServers(shown.servers);
  drawFiles(shown);
  drawThroughput(shown.throughput);
}

function drawServers(servers: readonly MapServer[]): void {
  const list = byId('servers');
  const most = Math.max(1, ...servers.map(({ bytes, free = 0 }) => bytes + free));
  reuse(list, servers.length, 'li', (item, index) => {
    const server = servers[index];
    if (server === undefined) return;
    // The button stays the same element, so that it keeps the focus.
    const button = item.querySelector('button') ?? append(item, 'button');
    const isOff = off.has(server.number);
    button.type = 'button';
    button.className = `server ${isOff ? 'off' : server.state}`;
    button.setAttribute('role', 'switch');
    button.setAttribute('aria-checked', String(!isOff));
    const details = [
      server.words,
      server.parts,
      formatSize(server.bytes),
      ...(server.free === undefined ? [] : [fill(texts.free, formatSize(server.free))]),
    ].join(', ');
    button.setAttribute('aria-label', `${server.number}: ${server.address}, ${details}`);
    button.title = texts.switchOff;
    button.onclick = () => {
      if (!off.delete(server.number)) off.add(server.number);
      draw();
    };
    const name = button.querySelector('.name') ?? append(button, 'span', 'name');
    name.textContent = `${server.number}  ${server.address}`;
    const facts = button.querySelector('.facts') ?? append(button, 'span', 'facts');
    facts.textContent = details;
    const bar = button.querySelector<HTMLElement>('.bar') ?? append(button, 'span', 'bar');
    const used = bar.querySelector<HTMLElement>('.used') ?? append(bar, 'span', 'used');
    bar.style.width = `${(100 * (server.bytes + (server.free ?? 0))) / most}%`;
    used.style.width = `${(100 * server.bytes) / Math.max(1, server.bytes + (server.free ?? 0))}%`;
  });
}

function drawFiles({ files, servers, isCut }: MapState): void {
  const drawing = JSON.stringify([files, servers.map(({ number }) => number), isCut, [...off]]);
  if (drawing === drawnFiles) return;
  drawnFiles = drawing;
  const head = byId('head');
  head.replaceChildren();
  for (const title of [texts.file, texts.verdict]) appendHead(head, title);
  for (const { number } of servers) {
    appendHead(head, String(number)).setAttribute('aria-label', fill(texts.server, number));
  }
  const rows = byId('files');
  rows.replaceChildren();
  const counts = { whole: 0, degraded: 0, lost: 0 };
  for (const file of files) {
    const survival = survivalOf(file, off);
    counts[survival.state] += 1;
    const row = append(rows, 'tr', survival.state);
    const name = append(row, 'th');
    name.scope = 'row';
    name.textContent = file.path;
    const verdict = append(row, 'td', 'verdict');
    verdict.textContent = texts[survival.state];
    // An empty file has no parts that could be lost.
    if (survival.state !== 'lost' && file.parts.length > 0) verdict.title = spareWords(survival.spare);
    for (const { number } of servers) drawCell(append(row, 'td'), file, number);
  }
  byId('empty').textContent = files.length === 0 ? texts.noFiles : isCut ? texts.cut : '';
  const alive = counts.whole + counts.degraded;
  const result =
    off.size === 0
      ? fill(texts.result, files.length, counts.whole, counts.degraded, counts.lost)
      : fill(
          off.size === 1 ? texts.resultOffOne : texts.resultOff,
          [...off].sort((a, b) => a - b).join(', '),
          alive,
          files.length,
        );
  const live = byId('result');
  // A live region is read out when it changes.
  if (live.textContent !== result) live.textContent = result;
  live.className = counts.lost > 0 ? 'lost' : counts.degraded > 0 ? 'degraded' : 'whole';
}

function spareWords(spare: number): string {
  if (spare === 0) return texts.spareNone;
  return spare === 1 ? texts.spareOne : fill(texts.spare, spare);
}

function appendHead(row: HTMLElement, title: string): HTMLElement {
  const cell = append(row, 'th');
  cell.scope = 'col';
  cell.textContent = title;
  return cell;
}

/** The parts of a file on one server: a filled square is data, an empty one parity. */
function drawCell(cell: HTMLElement, { parts }: PlacedFile, number: number): void {
  const here = parts.filter((part) => part.number === number);
  const words = here.map((part) => wordsOf(part)).join(', ') || texts.none;
  const hidden = append(cell, 'span', 'hidden');
  hidden.textContent = words;
  cell.title = words;
  for (const part of here.slice(0, 12)) {
    const square = append(cell, 'span', `part ${part.role} ${off.has(number) ? 'gone' : part.state}`);
    square.setAttribute('aria-hidden', 'true');
  }
  if (here.length > 12) append(cell, 'span').textContent = ` +${here.length - 12}`;
}

function wordsOf({ role, state, number }: PlacedPart): string {
  const kind = role === 'data' ? texts.data : texts.parity;
  if (off.has(number) || state === 'unreachable') return `${kind}, ${texts.unreachable}`;
  return state === 'missing' ? `${kind}, ${texts.missing}` : kind;
}

function drawThroughput(samples: readonly number[]): void {
  const most = Math.max(1, ...samples);
  const points = samples.map((value, index) => `${index},${(40 - (38 * value) / most).toFixed(1)}`);
  byId('line').setAttribute('points', points.join(' '));
  const now = samples.at(-1) ?? 0;
  const words = fill(texts.perSecond, formatSize(now), formatSize(Math.max(0, ...samples)));
  byId('chart').setAttribute('aria-label', words);
  byId('speed').textContent = words;
}

function reuse<K extends keyof HTMLElementTagNameMap>(
  parent: HTMLElement,
  count: number,
  tag: K,
  render: (element: Element, index: number) => void,
): void {
  while (parent.children.length > count) parent.lastElementChild?.remove();
  while (parent.children.length < count) append(parent, tag);
  for (const [index, element] of [...parent.children].entries()) render(element, index);
}

function append<K extends keyof HTMLElementTagNameMap>(
  parent: Element,
  tag: K,
  className = '',
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== '') element.className = className;
  parent.append(element);
  return element;
}

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no ${id}`);
  return element;
}

function fill(text: string, ...values: readonly (string | number)[]): string {
  return text.replaceAll(/\{(\d)\}/g, (_, index) => String(values[Number(index)] ?? ''));
}

const units = ['', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

function formatSize(bytes: number): string {
  let [amount, power] = [bytes, 0];
  for (; amount >= 1024 && power < units.length - 1; power++) amount /= 1024;
  const digits = power > 0 && amount < 10 ? 1 : 0;
  const number = amount.toLocaleString(document.documentElement.lang, { maximumFractionDigits: digits });
  if (power > 0) return `${number} ${units[power]}`;
  return bytes === 1 ? texts.byte : fill(texts.bytes, number);
}
