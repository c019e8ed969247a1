// @ts-check
// A curve of one metric over the steps, for one or several runs.

import { h, isShare, metric, say, svg } from './dom.js';

/** @typedef {{ steps: number[], values: (number | null)[] }} Points */

const colours = ['--c1', '--c2', '--c3', '--c4', '--c5', '--c6'];

/** A colour of the style sheet as a canvas takes it. @param {string} name @param {number} [alpha] */
function css(name, alpha) {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return alpha === undefined ? colour : colour.replace(/^rgb\(([^)]*)\)$/, `rgba($1, ${alpha})`);
}

/** The colour of a run by its place in the comparison. @param {number} place */
export const colour = (place) => colours[place % colours.length];

/** Every chart of a page shares its range of steps. */
export class Charts {
  /** @param {(from: number | null, to: number | null) => void} ranged is told when the reader chose a range, or everything */
  constructor(ranged) {
    this.ranged = ranged;
    /** @type {CurveChart[]} */
    this.all = [];
    /** @type {[number, number] | null} */
    this.range = null;
    this.smooth = true;
    this.onTheme = () => this.all.forEach((c) => c.make());
    window.addEventListener('sslo-theme', this.onTheme);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', this.onTheme);
    this.sizes = new ResizeObserver(() => this.all.forEach((c) => c.resize()));
  }

  /** @param {string} name @param {string[]} runs @returns {CurveChart} */
  add(name, runs) {
    const chart = new CurveChart(this, name, runs);
    this.all.push(chart);
    this.sizes.observe(chart.canvas);
    return chart;
  }

  /** @param {number | null} from @param {number | null} to */
  setRange(from, to) {
    this.range = from === null || to === null ? null : [from, to];
    this.all.forEach((c) => c.draw());
    this.ranged(from, to);
  }

  end() {
    window.removeEventListener('sslo-theme', this.onTheme);
    matchMedia('(prefers-color-scheme: dark)').removeEventListener('change', this.onTheme);
    this.sizes.disconnect();
    this.all.forEach((c) => c.plot?.destroy());
    this.all = [];
  }
}

class CurveChart {
  /** @param {Charts} charts @param {string} name @param {string[]} runs */
  constructor(charts, name, runs) {
    this.charts = charts;
    this.name = name;
    this.runs = runs;
    /** @type {Map<string, Points>} */
    this.points = new Map(runs.map((r) => [r, { steps: [], values: [] }]));
    this.readout = h('span', { class: 'readout' });
    this.canvas = h('div', { class: 'plot' });
    this.words = h('p', { class: 'words' });
    this.numbers = h('div');
    const details = h('details', { ontoggle: () => this.fillNumbers() }, h('summary', null, 'as a table'), this.numbers);
    this.details = details;
    this.element = h('figure', { class: 'chart card', tabindex: 0, role: 'group', 'aria-label': `${name}: arrow keys move, + and − zoom, 0 shows everything`, onkeydown: (/** @type {KeyboardEvent} */ e) => this.key(e) },
      h('figcaption', null, h('strong', null, name), this.readout), this.canvas, this.words, details);
    /** @type {any} */
    this.plot = null;
  }

  /** @param {string} run @param {Points} points */
  set(run, points) {
    this.points.set(run, { steps: [...points.steps], values: [...points.values] });
  }

  /** @param {string} run @param {number} step @param {number | null} value */
  append(run, step, value) {
    const points = this.points.get(run);
    if (!points || (points.steps.length > 0 && step <= points.steps[points.steps.length - 1])) return;
    points.steps.push(step);
    points.values.push(value);
  }

  get size() {
    return Math.max(0, ...[...this.points.values()].map((p) => p.steps.length));
  }

  /** Makes the plot anew: colours and number of curves are fixed in it. */
  make() {
    this.plot?.destroy();
    const line = (/** @type {number} */ place, /** @type {boolean} */ pale) => ({
      label: this.runs[place], stroke: pale ? css(colour(place), 0.35) : css(colour(place)), width: pale ? 1 : 2, spanGaps: false, points: { show: !pale && this.size < 40, size: 5 },
    });
    const axis = { stroke: css('--quiet'), grid: { stroke: css('--line'), width: 1 }, ticks: { stroke: css('--line'), width: 1 }, font: '12px system-ui, sans-serif' };
    const share = isShare(this.name);
    this.plot = new uPlot({
      width: this.width(), height: 200, legend: { show: false }, scales: { x: { time: false, range: (/** @type {any} */ _u, /** @type {number} */ low, /** @type {number} */ high) => this.charts.range ?? [low ?? 0, Math.max((low ?? 0) + 1, high ?? 1)] } },
      cursor: { drag: { x: true, y: false, setScale: false }, points: { size: 6 }, bind: { dblclick: () => () => { this.charts.setRange(null, null); return null; } } },
      series: [{}, ...this.runs.flatMap((_r, i) => (this.smoothed ? [line(i, true), line(i, false)] : [line(i, false)]))],
      axes: [{ ...axis, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((x) => (Number.isInteger(x) ? x.toLocaleString('en') : '')) },
        { ...axis, size: 58, values: (/** @type {any} */ _u, /** @type {number[]} */ v) => v.map((x) => (share ? `${Number((x * 100).toPrecision(4))} %` : Number(x.toPrecision(4)).toLocaleString('en', { maximumSignificantDigits: 4 }))) }],
      hooks: { setCursor: [(/** @type {any} */ u) => this.read(u.cursor.idx)], setSelect: [(/** @type {any} */ u) => this.select(u)] },
    }, this.data(), this.canvas);
  }

  get smoothed() {
    return this.charts.smooth && this.size > 60;
  }

  data() {
    const tables = this.runs.map((run) => {
      const p = this.points.get(run) ?? { steps: [], values: [] };
      return this.smoothed ? [p.steps, p.values, runningMean(p.values)] : [p.steps, p.values];
    });
    return tables.length === 1 ? tables[0] : uPlot.join(tables);
  }

  draw() {
    if (!this.plot || this.wasSmoothed !== this.smoothed || this.wasFew !== this.size < 40) {
      this.wasSmoothed = this.smoothed;
      this.wasFew = this.size < 40;
      this.make();
    } else {
      this.plot.setData(this.data());
    }
    this.describe();
    if (this.plot.cursor.idx === null || this.plot.cursor.idx === undefined) this.read(null);
  }

  width() {
    return Math.max(200, this.canvas.clientWidth || 320);
  }

  resize() {
    if (this.plot && this.plot.width !== this.width()) this.plot.setSize({ width: this.width(), height: 200 });
  }

  /** The values under the cursor, or the last ones. @param {number | null} index */
  read(index) {
    const parts = this.runs.map((run, i) => {
      const p = this.points.get(run);
      if (!p || p.steps.length === 0) return null;
      const at = index === null || index === undefined ? p.steps.length - 1 : nearest(p.steps, this.plot.data[0][index]);
      return h('span', { class: `run-${i % 6}` }, `${this.runs.length > 1 ? `${run} ` : ''}${metric(this.name, p.values[at])} `, h('small', null, `step ${p.steps[at]} `));
    });
    this.readout.replaceChildren(...parts.filter((p) => p !== null));
  }

  /** The curve in words, for those who do not see it. */
  describe() {
    say(this.words, this.runs.map((run) => {
      const p = this.points.get(run) ?? { steps: [], values: [] };
      const finite = p.values.map((v, i) => ({ v, s: p.steps[i] })).filter((x) => x.v !== null);
      if (finite.length === 0) return `${run}: no value yet.`;
      const low = finite.reduce((a, b) => (/** @type {number} */ (b.v) < /** @type {number} */ (a.v) ? b : a));
      const high = finite.reduce((a, b) => (/** @type {number} */ (b.v) > /** @type {number} */ (a.v) ? b : a));
      const [first, last] = [finite[0], finite[finite.length - 1]];
      const bad = p.values.length - finite.length;
      return `${run}: ${metric(this.name, first.v)} at step ${first.s}, ${metric(this.name, last.v)} at step ${last.s}; lowest ${metric(this.name, low.v)} at step ${low.s}, highest ${metric(this.name, high.v)} at step ${high.s}.${bad ? ` ${bad} values are not finite.` : ''}`;
    }).join(' '));
    this.fillNumbers();
  }

  fillNumbers() {
    if (!this.details.open) return;
    const rows = this.runs.flatMap((run) => {
      const p = this.points.get(run) ?? { steps: [], values: [] };
      const every = Math.max(1, Math.floor(p.steps.length / 12));
      return p.steps.map((s, i) => ({ s, v: p.values[i], i })).filter((x) => x.i % every === 0 || x.i === p.steps.length - 1)
        .map((x) => h('tr', null, h('th', { scope: 'row' }, `${this.runs.length > 1 ? `${run}, ` : ''}step ${x.s}`), h('td', null, metric(this.name, x.v))));
    });
    this.numbers.replaceChildren(h('table', null, h('tbody', null, rows)));
  }

  /** @param {any} u */
  select(u) {
    if (u.select.width > 4) {
      const [from, to] = [u.posToVal(u.select.left, 'x'), u.posToVal(u.select.left + u.select.width, 'x')];
      this.charts.setRange(Math.floor(from), Math.max(Math.floor(from) + 1, Math.ceil(to)));
    }
    if (u.select.width > 0) u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }

  /** @param {KeyboardEvent} e */
  key(e) {
    const last = Math.max(1, ...[...this.points.values()].map((p) => p.steps[p.steps.length - 1] ?? 0));
    const [from, to] = this.charts.range ?? [0, last];
    const span = to - from;
    const moves = /** @type {Record<string, [number, number] | null>} */ ({
      '+': [from + span / 4, to - span / 4], '=': [from + span / 4, to - span / 4], '-': [from - span / 2, to + span / 2],
      ArrowLeft: [from - span / 4, to - span / 4], ArrowRight: [from + span / 4, to + span / 4], 0: null,
    });
    if (!(e.key in moves) || e.ctrlKey || e.metaKey || e.target !== this.element) return;
    e.preventDefault();
    const next = moves[e.key];
    if (next === null || (next[0] <= 0 && next[1] >= last)) this.charts.setRange(null, null);
    else if (next[1] - next[0] >= 2) this.charts.setRange(Math.max(0, Math.round(next[0])), Math.round(next[1]));
  }
}

/** The mean over a fiftieth of the curve around each point; gaps stay. @param {(number | null)[]} values */
export function runningMean(values) {
  const half = Math.max(1, Math.floor(values.length / 100));
  const sums = [0];
  const counts = [0];
  values.forEach((v, i) => {
    sums.push(sums[i] + (v ?? 0));
    counts.push(counts[i] + (v === null ? 0 : 1));
  });
  return values.map((v, i) => {
    const [a, b] = [Math.max(0, i - half), Math.min(values.length, i + half + 1)];
    return v === null ? null : (sums[b] - sums[a]) / (counts[b] - counts[a]);
  });
}

/** @param {number[]} steps @param {number} step */
function nearest(steps, step) {
  let [low, high] = [0, steps.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] < step) low = middle + 1; else high = middle;
  }
  return low > 0 && step - steps[low - 1] < steps[low] - step ? low - 1 : low;
}

/** A small curve for a tile. @param {(number | null)[]} values */
export function spark(values) {
  const finite = /** @type {number[]} */ (values.filter((v) => v !== null));
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const y = (/** @type {number} */ v) => (high > low ? 22 - ((v - low) / (high - low)) * 20 : 12);
  const points = values.map((v, i) => (v === null ? null : `${((i / Math.max(1, values.length - 1)) * 98 + 1).toFixed(1)},${y(v).toFixed(1)}`)).filter(Boolean).join(' ');
  return svg('svg', { class: 'spark', viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, svg('polyline', { points }));
}
