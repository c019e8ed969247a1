// @ts-check
// The list of runs.

import { get } from './api.js';
import { badge, clock, h, number, percent, short, table } from './dom.js';
import { on } from './live.js';

/** @returns {import('./app.js').Page} */
export function runsPage() {
  const body = h('div', null, h('p', { class: 'quiet' }, 'reading the runs…'));
  const compare = h('button', { type: 'button', disabled: true }, 'Compare the chosen');
  const element = h('div', null, h('div', { class: 'title' }, h('h1', null, 'Runs'), h('span', { class: 'spacer' }), compare), body);
  /** @type {import('./types').RunList | null} */
  let list = null;
  /** @type {Map<string, import('./types').RunStatus>} */
  let active = new Map();
  let drawn = '';
  let loaded = 0;
  /** @type {Set<string>} */
  const chosen = new Set();

  compare.addEventListener('click', () => {
    const [first, ...others] = [...chosen];
    const query = others.map((r) => `with=${encodeURIComponent(r)}`).join('&');
    window.dispatchEvent(new CustomEvent('sslo-go', { detail: `/runs/${encodeURIComponent(first)}${query ? `?${query}` : ''}` }));
  });

  async function load() {
    loaded = Date.now();
    try {
      list = await get('/api/runs');
      draw();
    } catch (problem) {
      body.replaceChildren(h('p', { class: 'problem' }, /** @type {Error} */ (problem).message));
    }
  }

  function draw() {
    const stored = new Map((list?.runs ?? []).map((r) => [r.run, r]));
    const names = [...new Set([...active.keys(), ...stored.keys()])].sort((a, b) => Number(active.has(b)) - Number(active.has(a))
      || (stored.get(b)?.created ?? '9').localeCompare(stored.get(a)?.created ?? '9'));
    const rows = names.map((name) => {
      const now = active.get(name);
      const then = stored.get(name);
      const box = h('input', { type: 'checkbox', 'aria-label': `choose ${name}`, checked: chosen.has(name), onchange: (/** @type {any} */ e) => {
        if (e.target.checked) chosen.add(name); else chosen.delete(name);
        compare.disabled = chosen.size < 2;
      } });
      const progress = now && now.totalSteps > 0
        ? h('span', { class: 'cell' }, h('progress', { max: now.totalSteps, value: now.step, 'aria-label': `progress of ${name}` }), ` ${now.step}/${now.totalSteps}`)
        : `${then?.steps ?? 0} steps`;
      const knn = Object.entries(now?.probes ?? {}).find(([k]) => /knn/i.test(k));
      return [
        h('span', { class: 'cell' }, box, ' ', h('a', { href: `/runs/${encodeURIComponent(name)}` }, name)),
        now ? badge(now.phase) : badge('stored'),
        `${now?.method || then?.method || ''}${then ? ` · ${then.backbone}` : ''}`,
        progress,
        number(now?.step ? now.loss : then?.loss),
        knn ? percent(knn[1]) : '–',
        now ? `${number(now.imagesPerSecond)}/s` : '–',
        short(now?.weightsHash || then?.hash || ''),
        then?.lastCommit ? clock(then.lastCommit) : '–',
      ];
    });
    const text = JSON.stringify(rows.map((r) => r.map((c) => (c instanceof Node ? c.textContent : c))));
    if (text === drawn) return;
    drawn = text;
    if (body.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement) return;
    body.replaceChildren(
      rows.length === 0 && list
        ? h('section', { class: 'card' }, h('p', null, 'There is no run here yet. Start one in a terminal: '), h('pre', null, './sslo quickstart'))
        : table('Runs of this folder, the active ones first', ['run', 'state', 'method', 'progress', 'loss', 'kNN', 'images', 'weights', 'last commit'], rows, 'runs'),
      ...(list?.broken ?? []).map((b) => h('p', { class: 'problem' }, `${b.run}: ${b.problem}`)));
  }

  const ends = [
    on('state', (/** @type {import('./types').ClusterState} */ state) => {
      active = new Map(state.runs.map((r) => [r.run, r]));
      const isNew = list && state.runs.some((r) => !list?.runs.some((s) => s.run === r.run));
      if (isNew && Date.now() - loaded > 3000) load();
      draw();
    }),
    on('reload', load),
  ];
  load();
  return { title: 'Runs', topics: [], element, end: () => ends.forEach((e) => e()) };
}
