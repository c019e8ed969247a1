// @ts-check
// Silos, and what a grain holds. Calls, latencies and counts of activations are on Orleans' own dashboard.

import { get } from './api.js';
import { duration, h, number, percent, say, table } from './dom.js';
import { on } from './live.js';

/** What a grain says of itself, as names and words. @param {Record<string, any>} state @param {string} [of] @returns {{ name: string, value: string }[]} */
function lines(state, of = '') {
  return Object.entries(state).flatMap(([key, value]) => {
    const name = of + key.replace(/([A-Z])/g, ' $1').toLowerCase();
    if (Array.isArray(value) && value[0]?.name) return value.flatMap(({ name: part, ...rest }) => lines(rest, `${part}: `));
    if (Array.isArray(value)) return [{ name, value: value.join(', ') || '–' }];
    if (value && typeof value === 'object') return Object.entries(value).map(([part, v]) => ({ name: part, value: String(v) }));
    if (value === null || value === '') return [{ name, value: '–' }];
    if (/bytes/.test(name)) return [{ name, value: value.toLocaleString('en') }];
    return [{ name, value: typeof value === 'number' && !Number.isInteger(value) ? number(value) : String(value) }];
  });
}

/** @param {URLSearchParams} query @returns {import('./app.js').Page} */
export function grainsPage(query) {
  const silos = h('section', { class: 'card' }, h('h2', null, 'Silos'));
  const rows = h('div');
  silos.append(rows);
  const search = h('input', { type: 'search', placeholder: 'part of a class or key', 'aria-label': 'Find a grain', oninput: () => drawList() });
  const list = h('ul', { class: 'grains', tabindex: 0, 'aria-label': 'Grains that are awake' });
  const facts = h('div', { class: 'facts', role: 'status' }, h('p', { class: 'quiet' }, 'Choose a grain to see what it holds.'));
  const element = h('div', null, h('h1', null, 'Grains'),
    h('section', { class: 'card' }, h('h2', null, 'What a grain holds'), h('div', { class: 'two' }, h('div', null, search, list), facts)), silos,
    h('p', { class: 'quiet' }, 'Calls per second, latencies and counts of activations: ', h('a', { href: '/orleans/#/grains' }, 'Orleans\' own dashboard'), '.'));
  /** @type {import('./types').GrainsState | null} */
  let state = null;
  let chosen = query.get('type') ? { type: query.get('type') ?? '', key: query.get('key') ?? '' } : null;
  let listed = '';

  /** @param {import('./types').GrainsState} now */
  function draw(now) {
    state = now;
    const put = (/** @type {HTMLElement} */ to, /** @type {HTMLElement} */ from) => {
      if (to.textContent === from.textContent || to.contains(document.activeElement)) return;
      const scrolled = /** @type {HTMLElement | null} */ (to.firstElementChild)?.scrollLeft ?? 0;
      to.replaceChildren(from);
      from.scrollLeft = scrolled;
    };
    put(rows, table('One row for each silo', ['silo', 'address', 'up', 'process', 'processor', 'memory', 'managed'], now.silos.map((s) => [s.name, s.address,
      s.meters ? duration(Math.floor(s.meters.uptimeSeconds / 10) * 10) : 'does not answer', `${s.meters?.processId ?? '–'}`, percent(s.processorShare),
      s.meters ? `${Math.round(s.meters.workingSet / 1048576)} MiB` : '–', s.meters ? `${Math.round(s.meters.managedHeap / 1048576)} MiB` : '–'])));
    drawList();
  }

  function drawList() {
    if (!state) return;
    const part = search.value.toLowerCase();
    const all = state.activations.filter((a) => `${a.type} ${a.key}`.toLowerCase().includes(part)).slice(0, 300);
    const text = JSON.stringify([all, chosen]);
    if (text === listed) return;
    listed = text;
    const focused = document.activeElement?.getAttribute('data-grain');
    list.replaceChildren(...all.map((a) => h('li', null, h('button', { type: 'button', 'data-grain': `${a.type} ${a.key}`, 'aria-pressed': String(chosen?.type === a.type && chosen?.key === a.key), onclick: () => choose(a) },
      h('b', null, a.type.replace(/Grain$/, '')), ` ${a.key} `, h('small', null, a.silo)))), state.cut ? h('li', { class: 'quiet' }, 'and more: narrow it down') : '');
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-grain="${CSS.escape(focused)}"]`))?.focus();
  }

  /** @param {{ type: string, key: string }} grain */
  function choose(grain) {
    chosen = grain;
    history.replaceState(null, '', `/grains?type=${encodeURIComponent(grain.type)}&key=${encodeURIComponent(grain.key)}`);
    drawList();
    ask();
  }

  async function ask() {
    if (!chosen || document.hidden) return;
    const { type, key } = chosen;
    try {
      const answer = /** @type {import('./types').GrainFacts} */ (await get(`/api/grain?type=${encodeURIComponent(type)}&key=${encodeURIComponent(key)}`));
      if (chosen.type !== type || chosen.key !== key) return;
      const held = lines(answer.state ?? {});
      const names = held.map((f) => f.name).join();
      if (facts.dataset.names !== `${type} ${key} ${names}`) {
        facts.dataset.names = `${type} ${key} ${names}`;
        facts.replaceChildren(h('h3', null, `${type} ${key}`), h('dl', null, held.map((f) => h('div', null, h('dt', null, f.name), h('dd', null, f.value)))),
          held.length ? '' : h('p', { class: 'quiet' }, 'This class tells nothing about itself.'));
      }
      facts.querySelectorAll('dd').forEach((/** @type {Element} */ dd, /** @type {number} */ i) => say(dd, held[i].value));
    } catch (e) {
      facts.dataset.names = '';
      facts.replaceChildren(h('h3', null, `${type} ${key}`), h('p', { class: 'problem' }, /** @type {Error} */ (e).message));
    }
  }

  const ends = [on('grains', draw)];
  get('/api/grains').then(draw).catch((e) => say(facts, e.message));
  ask();
  const timer = setInterval(ask, 2000);
  return { title: 'Grains', topics: ['grains'], element, end: () => { ends.forEach((e) => e()); clearInterval(timer); } };
}
