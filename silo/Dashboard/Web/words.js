// @ts-check
// What is going on with a run, in sentences.

import { duration, number } from './dom.js';

/** A worker below this share of what the others do is spoken of. */
const slow = 0.5;

/** @param {number} count @param {string} what */
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** @param {string} text */
const sentence = (text) => (text ? `${text.trim().replace(/[.;]+$/, '')}.` : '');

/**
 * A run that a silo leads.
 * @param {import('./types').RunStatus} status
 * @param {number} stepsPerSecond
 * @returns {string}
 */
export function wordsOf(status, stepsPerSecond) {
  const here = status.workers.filter((w) => w.state !== 'gone');
  const left = stepsPerSecond > 0 && status.totalSteps > status.step ? `, about ${duration((status.totalSteps - status.step) / stepsPerSecond)} left` : '';
  switch (status.phase) {
    case 'training': return [`It trains on ${counted(here.length, 'worker')} at ${number(status.imagesPerSecond)} images a second${left}.`, slowest(here)].filter(Boolean).join(' ');
    case 'waitingForWorkers': return `It waits for a worker, and goes on by itself when one comes. ${sentence(status.message)}`;
    case 'waitingForStorage': return `It waits for the storage, with step ${status.step} computed; nothing is lost. ${sentence(status.message)}`;
    case 'recovering': return `It goes on after a loss: what stands at step ${status.step} is looked at or restored. ${sentence(status.message)}`;
    case 'paused': return 'It is paused. Nothing is lost; Continue goes on.';
    case 'completed': return `It is complete: ${counted(status.step, 'step')}.`;
    case 'stopped': return `It was stopped after ${counted(status.step, 'step')}, with a checkpoint. Continue, or sslo resume ${status.run}, goes on.`;
    case 'failed': return `It failed at step ${status.step}: ${sentence(status.message)}`;
    default: return sentence(status.message);
  }
}

/**
 * A run that nobody leads now: what its files say.
 * @param {import('./types').StoredRun | undefined} run
 * @param {import('./types').RunEvent[]} events
 */
export function wordsOfStored(run, events) {
  if (!run) return 'Nobody trains it now.';
  const end = events.at(-1);
  const when = run.lastCommit ? `, the last on ${new Date(run.lastCommit).toLocaleString('en-GB', { dateStyle: 'long', timeStyle: 'short' })}` : '';
  const steps = `${counted(run.steps, 'step')} ${run.steps === 1 ? 'is' : 'are'} committed${when}.`;
  if (end?.kind === 'completed') return `It is complete. ${steps}`;
  if (end?.kind === 'stopped' || end?.kind === 'failed') return `It ${end.kind === 'failed' ? 'failed' : 'was stopped'}: ${sentence(end.text)} ${steps}`;
  return `Nobody trains it now, and it did not come to an end: its processes died or were killed. ${steps} sslo resume ${run.run} goes on from there.`;
}

/** The slowest worker's name and rate, when it does much less than the others. @param {import('./types').WorkerShare[]} workers */
function slowest(workers) {
  const measured = workers.filter((w) => w.microBatchesPerSecond > 0).sort((a, b) => a.microBatchesPerSecond - b.microBatchesPerSecond);
  if (measured.length < 2) return '';
  const others = measured.slice(1);
  const usual = others[Math.floor(others.length / 2)].microBatchesPerSecond;
  const least = measured[0];
  return least.microBatchesPerSecond < slow * usual
    ? `${least.worker.name} is slow: ${number(least.microBatchesPerSecond)} micro-batches a second, where the others do ${number(usual)}.`
    : '';
}
