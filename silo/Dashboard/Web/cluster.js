// @ts-check
// Who computes, and when.

import { current, get } from './api.js';
import { act } from './ask.js';
import { badge, duration, h, number, say, table } from './dom.js';
import { Gantt } from './gantt.js';
import { on } from './live.js';
import { eventList, merged } from './run.js';

/** @param {URLSearchParams} query @returns {import('./app.js').Page} */
export function clusterPage(query) {
  const gantt = new Gantt();
  const choice = h('select', { 'aria-label': 'Run', onchange: () => window.dispatchEvent(new CustomEvent('sslo-go', { detail: `/cluster?run=${encodeURIComponent(choice.value)}` })) });
  const workers = h('section', { class: 'card' }, h('h2', null, 'Workers'));
  const rows = h('div');
  workers.append(rows);
  const events = eventList((e) => e.worker !== null || ['waiting', 'recovered', 'checkpoint', 'failed'].includes(e.kind));
  const nothing = h('p', { class: 'quiet' }, 'No training runs at the moment; the lanes fill as soon as one does.');
  const problem = h('p', { class: 'problem', role: 'status' });
  const element = h('div', null, h('div', { class: 'title' }, h('h1', null, 'Cluster'), choice), problem, nothing, gantt.element, workers, events.element);
  let run = query.get('run');
  /** @type {import('./types').ClusterState | null} */
  let state = null;
  /** @type {import('./app.js').Page} */
  const page = { title: 'Cluster', topics: [], element };
  let drawn = '';

  async function load() {
    if (!run) return;
    try {
      const [leases, past] = await Promise.all([get(`/api/runs/${encodeURIComponent(run)}/leases`), get(`/api/runs/${encodeURIComponent(run)}/events`)]);
      gantt.clear();
      gantt.take(leases);
      events.set(past);
      gantt.events = merged(past, gantt.events).slice(-500);
      gantt.draw();
    } catch (e) {
      say(problem, /** @type {Error} */ (e).message);
    }
  }

  /** @param {import('./types').ClusterState} now */
  function take(now) {
    state = now;
    say(problem, now.problem ?? '');
    const names = now.runs.map((r) => r.run);
    if (choice.dataset.names !== names.join()) {
      choice.dataset.names = names.join();
      choice.replaceChildren(...names.map((n) => h('option', { value: n, selected: n === run }, n)));
    }
    if (!run && names.length > 0) {
      const training = now.runs.find((r) => r.phase === 'training') ?? now.runs[0];
      window.dispatchEvent(new CustomEvent('sslo-go', { detail: `/cluster?run=${encodeURIComponent(training.run)}` }));
      return;
    }
    const status = now.runs.find((r) => r.run === run);
    nothing.hidden = names.length > 0;
    choice.hidden = names.length < 2;
    gantt.element.hidden = !run;
    gantt.here = new Set(status ? status.workers.filter((w) => w.state !== 'gone').map((w) => w.worker.name) : []);
    drawWorkers(status);
  }

  /** @param {import('./types').RunStatus | undefined} status */
  function drawWorkers(status) {
    const shares = new Map((status?.workers ?? []).map((w) => [w.worker.name, w]));
    const all = [...(status?.workers ?? []).map((w) => w.worker), ...(state?.workers ?? []).filter((w) => !shares.has(w.name))];
    const cells = all.map((w) => {
      const share = shares.get(w.name);
      const seen = share ? (Date.parse(state?.time ?? '') - Date.parse(share.lastSeen)) / 1000 : 0;
      return {
        name: w.name,
        text: [badge(share?.state === 'gone' ? 'gone' : share?.state ?? 'idle'), w.device, `${share?.microBatches ?? 0}`, `${number(share?.microBatchesPerSecond ?? 0)}/s`, share ? `${duration(seen)} ago` : '–', `${w.processId} on ${w.machine}`],
        gone: share?.state === 'gone',
      };
    });
    const text = JSON.stringify(cells.map((c) => [c.name, ...c.text.map((t) => (t instanceof Node ? t.textContent : t))])) + current().mayAct;
    if (text === drawn || rows.contains(document.activeElement)) return;
    drawn = text;
    rows.replaceChildren(table('One row for each worker', ['worker', 'state', 'device', 'holds', 'speed', 'seen', 'process', ''],
      cells.map((c) => [c.name, ...c.text, c.gone || !current().mayAct ? '' : h('button', { type: 'button', onclick: () => act(`Remove worker ${c.name}?`,
        'It hands back its micro-batches and leaves. The others take them; the weights come out the same. With no worker left the run waits.', 'Remove', `/api/workers/${c.name}`) }, 'Remove')])));
  }

  const ends = [
    on('state', take),
    on('leases', (/** @type {import('./types').Leases} */ leases) => {
      if (leases.run !== run) return;
      gantt.take(leases);
      if (gantt.frozenAt === null) gantt.draw();
    }),
    on('news', (/** @type {import('./types').News} */ news) => {
      if (news.run !== run) return;
      events.add(news.events);
      gantt.events = merged(gantt.events, news.events).slice(-500);
    }),
    on('reload', load),
  ];
  page.topics = run ? [`leases:${run}`, `run:${run}`] : [];
  page.end = () => ends.forEach((e) => e());
  gantt.element.hidden = !run;
  load();
  return page;
}

