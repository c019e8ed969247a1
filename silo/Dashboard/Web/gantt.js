// @ts-check
// A lane per worker: who computed which micro-batches when.

import { clock, h, say, svg, table } from './dom.js';

/** @typedef {import('./types').LeaseSpan} Span */
/** @typedef {{ span: Span, begin: number, encoded: number | null, resumed: number | null, end: number | null }} Block */

const laneHeight = 34;
const top = 26;
const most = 6000;

export class Gantt {
  constructor() {
    /** @type {Map<number, Block>} */
    this.blocks = new Map();
    /** @type {import('./types').RunEvent[]} */
    this.events = [];
    /** @type {Set<string>} */
    this.here = new Set();
    this.seconds = 6;
    /** @type {number | null} */
    this.frozenAt = null;
    this.now = 0;
    this.picture = h('div', { class: 'lanes', tabindex: 0, role: 'group', 'aria-label': 'Timeline of the workers: arrow keys move in time, + and − zoom, 0 is now', onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) });
    this.words = h('p', { class: 'words' });
    this.kills = h('div', { class: 'chips' });
    this.numbers = h('div');
    this.details = h('details', { ontoggle: () => this.fillTable() }, h('summary', null, 'as a table'), this.numbers);
    this.live = h('button', { type: 'button', onclick: () => this.freeze(this.frozenAt === null ? this.now : null) }, 'Hold still');
    const spans = [2, 6, 20, 60].map((s) => h('button', { type: 'button', 'data-seconds': s, onclick: () => this.zoom(s) }, `${s} s`));
    this.spans = spans;
    this.element = h('section', { class: 'card' },
      h('div', { class: 'title' }, h('h2', null, 'Who computed what'), h('span', { class: 'spacer' }), ...spans, this.live),
      this.picture,
      h('p', { class: 'legend' },
        key('done', 'in the step'), key('backward', 'backward'), key('open', 'computing'), key('lost', 'lost with its worker'), key('notNeeded', 'not needed'), key('second', 'second lease')),
      this.kills, this.words, this.details);
    this.zoom(6);
  }

  clear() {
    this.blocks.clear();
  }

  /** @param {import('./types').Leases} leases */
  take(leases) {
    this.now = Date.parse(leases.now);
    const at = (/** @type {string | null} */ time) => (time ? Date.parse(time) : null);
    for (const span of leases.spans.filter((s) => !((this.blocks.get(s.id)?.span.change ?? 0) > s.change))) this.blocks.set(span.id, { span, begin: Date.parse(span.begin), encoded: at(span.encoded), resumed: at(span.resumed), end: at(span.end) });
    for (const id of this.blocks.keys()) {
      if (this.blocks.size <= most) break;
      this.blocks.delete(id);
    }
  }

  /** @param {number} seconds */
  zoom(seconds) {
    this.seconds = seconds;
    for (const button of this.spans) button.setAttribute('aria-pressed', String(Number(button.dataset.seconds) === seconds));
    this.draw();
  }

  /** @param {number | null} at right edge, or null for now */
  freeze(at) {
    this.frozenAt = at;
    say(this.live, at === null ? 'Hold still' : 'Go on');
    this.live.setAttribute('aria-pressed', String(at !== null));
    this.draw();
  }

  draw() {
    const width = Math.max(300, this.picture.clientWidth || 700);
    const end = this.frozenAt ?? this.now;
    const start = end - this.seconds * 1000;
    const blocks = [...this.blocks.values()].filter((b) => (b.end ?? this.now) >= start && b.begin <= end);
    const lanes = [...new Set([...this.here, ...blocks.map((b) => b.span.worker)])].sort();
    const left = width < 500 ? 84 : 120;
    const ticks = width < 500 ? 1 : 4;
    const x = (/** @type {number} */ t) => left + ((t - start) / (end - start)) * (width - left - 8);
    const height = top + Math.max(1, lanes.length) * laneHeight + 6;
    const drawing = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': 'Who computed which micro-batches when' });
    for (let i = 0; i <= ticks; i++) {
      const t = start + ((end - start) * i) / ticks;
      drawing.append(svg('line', { class: 'grid', x1: x(t), x2: x(t), y1: top - 4, y2: height }),
        text(x(t), 14, i === ticks && this.frozenAt === null ? 'now' : new Date(t).toLocaleTimeString('en-GB') + (this.seconds < 20 ? `.${Math.floor((((t % 1000) + 1000) % 1000) / 100)}` : ''), i === 0 ? 'start' : i === ticks ? 'end' : 'middle'));
    }
    lanes.forEach((name, i) => {
      const y = top + i * laneHeight;
      const gone = !this.here.has(name);
      drawing.append(svg('rect', { class: 'lane', x: left, y: y + 3, width: Math.max(0, width - left - 8), height: laneHeight - 6 }), text(0, y + laneHeight / 2 + 4, name.length * 7.5 > left ? `${name.slice(0, Math.floor(left / 7.5) - 1)}…` : name, 'start', gone ? 'gone' : ''));
    });
    for (const block of blocks) this.block(drawing, block, x, start, end, lanes);
    for (const e of this.events) {
      const at = Date.parse(e.time);
      const lane = lanes.indexOf(e.worker ?? '');
      if (at < start || at > end || lane < 0 || !['killed', 'joined', 'left', 'refused', 'late'].includes(e.kind)) continue;
      const y = top + lane * laneHeight;
      drawing.append(svg('g', { class: `mark ${e.kind}` }, svg('line', { x1: x(at), x2: x(at), y1: y, y2: y + laneHeight }), text(x(at) + 3, y + 12, e.kind, 'start'), svg('title', {}, `${clock(e.time)} ${e.text}`)));
    }
    this.picture.replaceChildren(drawing);
    this.describe(blocks, lanes);
    this.fillTable();
  }

  /** @param {SVGElement} drawing @param {Block} block @param {(t: number) => number} x @param {number} start @param {number} end @param {string[]} lanes */
  block(drawing, block, x, start, end, lanes) {
    const { span } = block;
    const until = Math.min(block.end ?? this.now, end);
    const y = top + lanes.indexOf(span.worker) * laneHeight + 5;
    const group = svg('g', { class: `lease ${span.outcome} ${span.second ? 'second' : ''} ${span.step % 2 ? 'odd' : 'even'}` },
      svg('title', {}, `step ${span.step}, micro-batches ${span.microBatches.join(', ')} on ${span.worker}: ${words(span)}, ${((block.end ?? this.now) - block.begin).toFixed(0)} ms`));
    const part = (/** @type {number} */ a, /** @type {number} */ b, /** @type {string} */ name, /** @type {number} */ inset) => {
      const [from, to] = [Math.max(a, start), Math.min(b, until)];
      if (to > from) group.append(svg('rect', { class: name, x: x(from), y: y + inset, width: Math.max(1, x(to) - x(from) - 1), height: laneHeight - 10 - 2 * inset, rx: 2 }));
    };
    if (block.encoded !== null) {
      part(block.begin, block.encoded, 'forward', 0);
      part(block.encoded, block.resumed ?? until, 'wait', 10);
      if (block.resumed !== null) part(block.resumed, until, 'backward', 0);
    } else {
      part(block.begin, until, 'forward', 0);
    }
    const from = Math.max(block.begin, start);
    const label = span.microBatches.join(' ');
    if (x(until) - x(from) > 14 + label.length * 6.5) group.append(text(x(from) + 4, y + 16, label, 'start'));
    drawing.append(group);
  }

  /** @param {Block[]} blocks @param {string[]} lanes */
  describe(blocks, lanes) {
    say(this.words, lanes.map((name) => {
      const own = blocks.filter((b) => b.span.worker === name);
      const lost = own.filter((b) => b.span.outcome === 'lost').length;
      return `${name}${this.here.has(name) ? '' : ' (gone)'}: ${own.filter((b) => b.span.outcome === 'done').length} leases in their steps${lost ? `, ${lost} lost` : ''}.`;
    }).join(' '));
    const lost = [...this.blocks.values()].filter((b) => b.span.outcome === 'lost').slice(-6);
    const wanted = lost.map((b) => b.span.id).join();
    if (this.kills.dataset.shown === wanted) return;
    this.kills.dataset.shown = wanted;
    this.kills.replaceChildren(...lost.map((b) => h('button', { type: 'button', class: 'chip lost', onclick: () => {
      this.zoom(6);
      this.freeze((b.end ?? b.begin) + 3500);
    } }, `step ${b.span.step}: ${b.span.worker} lost micro-batches ${b.span.microBatches.join(', ')} — show`)));
  }

  fillTable() {
    if (!this.details.open) return;
    const rows = [...this.blocks.values()].slice(-40).reverse().map((b) => [`step ${b.span.step}`, b.span.worker, b.span.microBatches.join(', '), words(b.span), clock(b.span.begin), b.end ? `${(b.end - b.begin).toFixed(0)} ms` : '…']);
    this.numbers.replaceChildren(table('The last leases', ['step', 'worker', 'micro-batches', 'what became of them', 'begun', 'took'], rows));
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    const right = this.frozenAt ?? this.now;
    if (e.key === 'ArrowLeft') this.freeze(right - this.seconds * 250);
    else if (e.key === 'ArrowRight') this.freeze(right + this.seconds * 250 >= this.now ? null : right + this.seconds * 250);
    else if (e.key === '+' || e.key === '=') this.zoom(Math.max(1, this.seconds / 2));
    else if (e.key === '-') this.zoom(Math.min(240, this.seconds * 2));
    else if (e.key === '0') this.freeze(null);
    else return;
    e.preventDefault();
  }
}

/** @param {number} x @param {number} y @param {string} words @param {string} anchor @param {string} [name] */
const text = (x, y, words, anchor, name) => svg('text', { x, y, 'text-anchor': anchor, class: name ?? '' }, words);

/** @param {Span} span */
const words = (span) => ({ open: 'computing', done: 'in the step', notNeeded: 'not needed', lost: 'lost with its worker' })[span.outcome] + (span.second ? ' (second lease)' : '');

/** @param {string} name @param {string} what */
const key = (name, what) => h('span', null, h('i', { class: `key ${name}` }), ` ${what} `);
