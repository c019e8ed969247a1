// @ts-check
// One run, alone or beside others.

import { current, get } from './api.js';
import { act } from './ask.js';
import { Charts, spark } from './charts.js';
import { badge, clock, duration, h, metric, number, percent, say, short, table } from './dom.js';
import { on } from './live.js';
import { wordsOf, wordsOfStored } from './words.js';

const first = ['loss', 'knn', 'featureRank', 'imagesPerSecond', 'learningRate', 'gradientNorm', 'dataWaitShare'];
const mostPoints = 3000;

/** @param {string} run @param {URLSearchParams} query @returns {import('./app.js').Page} */
export function runPage(run, query) {
  const others = query.getAll('with').filter((r) => r !== run).slice(0, 5);
  const runs = [run, ...others];
  const address = (/** @type {string} */ of, /** @type {string} */ what) => `/api/runs/${encodeURIComponent(of)}/${what}`;
  const charts = new Charts(() => { clearTimeout(refetch); refetch = setTimeout(load, 150); });
  /** @type {Map<string, any>} */
  const byName = new Map();
  /** @type {any} */
  let refetch = 0;
  let ended = false;

  const head = h('div', { class: 'title' }, h('h1', null, run), h('span', { id: 'phase' }));
  const message = h('p', { class: 'problem', role: 'status' });
  const words = h('p', { class: 'state' });
  /** @type {import('./types').StoredRun | undefined} */
  let stored;
  /** @type {import('./types').RunEvent[]} */
  let past = [];
  const bar = h('progress', { max: 1, value: 0, 'aria-label': 'Progress' });
  const tiles = h('dl', { class: 'tiles' });
  const grid = h('div', { class: 'charts' });
  const more = h('div', { class: 'charts' });
  const moreBox = h('details', { class: 'card', ontoggle: () => load() }, h('summary', null, 'More curves'), more);
  const everything = h('button', { type: 'button', onclick: () => charts.setRange(null, null), hidden: true }, 'Show everything');
  const smooth = h('input', { type: 'checkbox', checked: true, onchange: () => { charts.smooth = smooth.checked; charts.all.forEach((c) => c.draw()); } });
  const events = eventList(() => true);
  const recipe = h('section', { class: 'card' }, h('h2', null, 'Recipe'), h('p', { class: 'quiet' }, 'reading…'));
  const ledger = h('section', { class: 'card' }, h('h2', null, 'Ledger'), h('p', { class: 'quiet' }, 'reading…'));
  const pictures = h('section', { class: 'card', hidden: true }, h('h2', null, 'Pictures'));
  const compare = h('details', { class: 'card' }, h('summary', null, 'Compare with other runs'));
  const element = h('div', null, head, words, message, bar, tiles, actions(run),
    h('div', { class: 'title' }, h('h2', null, 'Curves'), h('span', { class: 'spacer' }), everything, h('label', null, smooth, ' smooth')),
    h('p', { class: 'quiet' }, 'Drag to zoom, double-click for everything; with the keyboard: + − 0 and the arrows.'),
    runs.length > 1 ? h('p', { class: 'legend' }, runs.map((r, i) => h('span', { class: `run-${i}` }, h('i', { class: 'key line' }), ` ${r} `))) : null,
    grid, moreBox, h('div', { class: 'two' }, ledger, events.element), recipe, pictures, compare);

  async function load() {
    everything.hidden = charts.range === null;
    const range = charts.range ? `&from=${charts.range[0]}&to=${charts.range[1]}` : '';
    try {
      const names = new Set();
      const answers = await Promise.all(runs.map((r) => get(`${address(r, 'curves')}?points=1200${range}`)));
      if (ended) return;
      answers.forEach((/** @type {import('./types').Curves} */ a) => a.names.forEach((n) => names.add(n)));
      const sorted = [...names].sort((a, b) => (first.indexOf(a) + 1 || 99) - (first.indexOf(b) + 1 || 99) || a.localeCompare(b));
      for (const name of sorted) {
        let chart = byName.get(name);
        const isMain = first.includes(name) || /knn|accuracy|rankme/i.test(name);
        if (!chart) {
          if (!isMain && !moreBox.open) continue;
          chart = charts.add(name, runs);
          byName.set(name, chart);
          (isMain ? grid : more).append(chart.element);
        }
        runs.forEach((r, i) => chart.set(r, answers[i].curves[name] ?? { steps: [], values: [] }));
        chart.draw();
      }
      say(message, '');
      if (names.size === 0) say(message, 'No step is committed yet.');
    } catch (e) {
      say(message, /** @type {Error} */ (e).message);
    }
  }

  async function loadRest() {
    const put = async (/** @type {HTMLElement} */ section, /** @type {() => Promise<any[]>} */ make) => {
      const title = section.firstElementChild;
      try {
        const parts = await make();
        section.replaceChildren(/** @type {Node} */ (title), ...parts);
      } catch (e) {
        section.replaceChildren(/** @type {Node} */ (title), h('p', { class: 'problem' }, /** @type {Error} */ (e).message));
      }
    };
    put(recipe, async () => recipeRows(await get(address(run, 'recipe'))));
    put(ledger, async () => ledgerRows(await get(address(run, 'ledger'))));
    put(pictures, async () => {
      const names = await get(address(run, 'pictures'));
      pictures.hidden = names.length === 0;
      return names.map((/** @type {string} */ n) => h('figure', null, h('img', { src: address(run, `pictures/${n.split('/').map(encodeURIComponent).join('/')}`), alt: `Picture ${n} of run ${run}`, loading: 'lazy' }), h('figcaption', null, n)));
    });
    try {
      past = await get(address(run, 'events'));
      events.set(past);
      const list = /** @type {import('./types').RunList} */ (await get('/api/runs'));
      stored = list.runs.find((r) => r.run === run);
      if (element.classList.contains('stored')) takeStored();
      compare.replaceChildren(/** @type {Node} */ (compare.firstElementChild), ...[...new Set([...list.runs.map((r) => r.run), ...list.active])].filter((r) => r !== run).map((r) => h('label', { class: 'choice' },
        h('input', { type: 'checkbox', value: r, checked: others.includes(r), onchange: (/** @type {any} */ e) => {
          const next = e.target.checked ? [...others, r] : others.filter((o) => o !== r);
          window.dispatchEvent(new CustomEvent('sslo-go', { detail: `/runs/${encodeURIComponent(run)}${next.length ? `?${next.map((n) => `with=${encodeURIComponent(n)}`).join('&')}` : ''}` }));
        } }), ` ${r}`)));
    } catch {
      // The message above says it already.
    }
  }

  /** What its files say of a run that nobody leads. */
  function takeStored() {
    say(words, wordsOfStored(stored, past));
    if (!stored) return;
    tile('progress', `${stored.steps} steps`, stored.lastCommit ? `the last on ${new Date(stored.lastCommit).toLocaleDateString('en-GB')}` : null);
    tile('loss', number(stored.loss), null);
    tile('weights', short(stored.hash), null);
  }

  /** @param {import('./types').ClusterState} state */
  function take(state) {
    const status = state.runs.find((r) => r.run === run);
    const phase = head.querySelector('#phase');
    if (!status) {
      phase.replaceChildren(badge('stored'));
      bar.hidden = true;
      element.classList.add('stored');
      takeStored();
      return;
    }
    element.classList.remove('stored');
    if (phase.textContent !== badge(status.phase).textContent) {
      phase.replaceChildren(badge(status.phase));
      setTimeout(loadRest, 300);
    }
    bar.hidden = status.totalSteps === 0;
    bar.max = status.totalSteps || 1;
    bar.value = status.step;
    say(words, wordsOf(status, rate));
    const here = status.workers.filter((w) => w.state !== 'gone').length;
    const loss = byName.get('loss')?.points.get(run)?.values ?? [];
    const left = status.phase === 'training' && rate > 0 ? duration((status.totalSteps - status.step) / rate) : null;
    tile('progress', `${status.step} of ${status.totalSteps} steps`, left ? `about ${left} left` : `epoch ${number(status.epoch)}`);
    tile('loss', number(status.loss), loss.length > 1 ? spark(loss.slice(-200)) : null);
    tile('images per second', number(status.imagesPerSecond), `data wait ${percent(status.dataWaitShare)}`);
    tile('learning rate', number(status.learningRate), null);
    for (const [name, value] of Object.entries(status.probes).slice(0, 2)) tile(name, metric(name, value), null);
    tile('workers', `${here}`, h('a', { href: `/cluster?run=${encodeURIComponent(run)}` }, 'see them'));
    tile('weights', short(status.weightsHash), status.lastCheckpoint >= 0 ? `checkpoint at step ${status.lastCheckpoint}` : 'no checkpoint yet');
  }

  /** @param {string} name @param {any} value @param {any} under */
  function tile(name, value, under) {
    let box = tiles.querySelector(`[data-name="${CSS.escape(name)}"]`);
    if (!box) {
      box = h('div', { 'data-name': name }, h('dt', null, name), h('dd', { class: 'value' }), h('dd', { class: 'under' }));
      tiles.append(box);
    }
    const [shown, below] = [box.children[1], box.children[2]];
    if (value instanceof Node) { if (shown.textContent !== value.textContent) shown.replaceChildren(value); } else say(shown, value);
    if (below.contains(document.activeElement)) return;
    if (below.textContent !== (below instanceof Node && under instanceof Node ? under.textContent : under ?? '') || under instanceof SVGElement) below.replaceChildren(under ?? '');
  }

  let rate = 0;
  let lastAt = 0;
  let lastStep = 0;
  const ends = [
    on('state', (/** @type {import('./types').ClusterState} */ state) => {
      const now = Date.parse(state.time);
      const step = state.runs.find((r) => r.run === run)?.step ?? 0;
      if (now - lastAt > 5000 || lastAt === 0) {
        if (lastAt > 0 && step > lastStep) rate = (step - lastStep) / ((now - lastAt) / 1000);
        lastAt = now;
        lastStep = step;
      }
      take(state);
    }),
    on('news', (/** @type {import('./types').News} */ news) => {
      if (!runs.includes(news.run)) return;
      if (news.run === run) events.add(news.events);
      for (const { step, values } of news.steps) {
        for (const [name, value] of Object.entries(values)) byName.get(name)?.append(news.run, step, value);
      }
      if (news.steps.some((s) => Object.keys(s.values).some((n) => !byName.has(n) && first.includes(n)))) { load(); return; }
      if ([...byName.values()].some((c) => c.size > mostPoints)) load();
      else if (charts.range === null) charts.all.forEach((c) => c.draw());
    }),
    on('reload', () => { load(); loadRest(); }),
  ];
  load();
  loadRest();
  // What was committed between the first answer and the first news.
  const again = setTimeout(load, 3000);
  const slow = setInterval(() => { if (!document.hidden) get(address(run, 'ledger')).then((l) => ledger.replaceChildren(/** @type {Node} */ (ledger.firstElementChild), ...ledgerRows(l))).catch(() => {}); }, 20000);
  return { title: run, topics: runs.map((r) => `run:${r}`), element, end: () => {
    ended = true;
    ends.forEach((e) => e());
    clearTimeout(again);
    clearTimeout(refetch);
    clearInterval(slow);
    charts.end();
  } };
}

/** @param {string} run */
function actions(run) {
  const to = (/** @type {string} */ verb) => `/api/runs/${encodeURIComponent(run)}/${verb}`;
  const button = (/** @type {string} */ label, /** @type {string} */ text, /** @type {string} */ verb) => h('button', { type: 'button', disabled: !current().mayAct, onclick: () => act(`${label} ${run}?`, text, label, to(verb)) }, label);
  return h('div', { class: 'actions', role: 'group', 'aria-label': 'Actions' },
    button('Pause', 'It pauses after the step under way. Nothing is lost.', 'pause'),
    button('Continue', 'A paused run goes on; a stopped one goes on from its last checkpoint.', 'continue'),
    button('Checkpoint', 'A checkpoint is written after the step under way.', 'checkpoint'),
    button('Stop', 'It stops after the step under way, with a checkpoint. It can be resumed.', 'stop'),
    current().mayAct ? null : h('span', { class: 'quiet' }, 'read-only: unlock actions to use these'));
}

/** @param {import('./types').RecipeRows} recipe */
function recipeRows(recipe) {
  const row = (/** @type {any} */ r) => [r.key, h('code', { class: r.base !== null ? 'changed' : '' }, r.value), r.base !== null ? h('code', null, r.base) : ''];
  const changed = recipe.rows.filter((r) => r.base !== null);
  return [
    h('p', null, changed.length === 0 ? `As ${recipe.base}.` : `${changed.length} values differ from ${recipe.base}.`),
    changed.length > 0 ? table(`What differs from ${recipe.base}`, ['key', 'this run', recipe.base], changed.map(row)) : null,
    h('details', null, h('summary', null, `All ${recipe.rows.length} values`), table('The whole recipe', ['key', 'this run', recipe.base], recipe.rows.map(row))),
  ].filter((x) => x !== null);
}

/** @param {import('./types').LedgerState} l */
function ledgerRows(l) {
  return [
    h('p', { class: l.exact ? 'good' : 'problem' }, l.exact ? '✓ ' : '✗ ', l.verdict),
    table('Samples by epoch', ['epoch', 'used once', 'lost', 'twice', ''], l.audit.epochs.slice(-8).map((e) => [e.epoch, e.used, e.lost, e.twice, e.isComplete ? 'complete' : 'under way'])),
    h('p', { class: 'quiet' }, 'Weights ', short(l.hash), ', chain ', short(l.chain), `, looked at ${clock(l.time)}. Computing every step again: `, h('code', null, 'sslo audit RUN --replay all')),
    h('p', null, l.checkpoints.length ? `Checkpoints: step ${l.checkpoints.join(', ')}` : 'No checkpoint yet.'),
  ];
}

/** @param {import('./types').RunEvent} e */
const keyOf = (e) => `${e.time}${e.kind}${e.worker}`;

/** Both, each event once. @param {import('./types').RunEvent[]} one @param {import('./types').RunEvent[]} other */
export function merged(one, other) {
  return [...new Map([...one, ...other].map((e) => [keyOf(e), e])).values()];
}

/**
 * Events, the newest first.
 * @param {(e: import('./types').RunEvent) => boolean} wanted
 */
export function eventList(wanted) {
  const list = h('ol', { class: 'events', tabindex: 0, 'aria-label': 'Events, the newest first' });
  const element = h('section', { class: 'card' }, h('h2', null, 'Events'), list);
  const row = (/** @type {import('./types').RunEvent} */ e) => h('li', { class: e.kind, 'data-key': keyOf(e) },
    h('time', { datetime: e.time }, clock(e.time)), h('span', { class: 'at' }, ` step ${e.step} `), h('b', null, e.kind), ' ', e.text || e.worker || '');
  /** @type {import('./types').RunEvent[]} */
  let shown = [];
  /** @param {import('./types').RunEvent[]} events */
  const add = (events) => {
    for (const e of events.filter(wanted)) {
      if (list.querySelector(`[data-key="${CSS.escape(keyOf(e))}"]`)) continue;
      list.prepend(row(e));
      shown = [...shown.slice(-199), e];
      while (list.children.length > 200) list.lastElementChild?.remove();
    }
  };
  return {
    element,
    add,
    /** What came while these were on their way stays. @param {import('./types').RunEvent[]} events */
    set: (events) => {
      const newest = Math.max(0, ...events.map((e) => Date.parse(e.time)));
      const later = shown.filter((e) => Date.parse(e.time) > newest);
      shown = [];
      list.replaceChildren();
      add([...events.slice(-300), ...later]);
    },
  };
}
