// @ts-check
// Asks before anything is changed.

import { current, endSession, openSession, post } from './api.js';
import { say } from './dom.js';

const $ = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/**
 * @param {{ title: string, text: string, yes: string, field?: boolean }} question
 * @param {(value: string) => Promise<void>} act runs on yes; what it throws is shown and may be mended
 * @returns {Promise<boolean>}
 */
export function ask(question, act) {
  const dialog = $('ask');
  say($('ask-title'), question.title);
  say($('ask-text'), question.text);
  say($('ask-yes'), question.yes);
  say($('ask-problem'), '');
  $('ask-field').hidden = !question.field;
  $('ask-input').value = '';
  return new Promise((resolve) => {
    let done = false;
    const end = () => dialog.close();
    dialog.onclose = () => resolve(done);
    $('ask-no').onclick = end;
    dialog.querySelector('form').onsubmit = async (/** @type {Event} */ e) => {
      e.preventDefault();
      $('ask-yes').disabled = true;
      try {
        await act($('ask-input').value);
        done = true;
        end();
      } catch (problem) {
        say($('ask-problem'), /** @type {Error} */ (problem).message);
      } finally {
        $('ask-yes').disabled = false;
      }
    };
    dialog.showModal();
    (question.field ? $('ask-input') : $('ask-no')).focus();
  });
}

/** Asks for the token, or locks again. @param {() => void} changed */
export async function unlock(changed) {
  if (current().mayAct) {
    await endSession();
    changed();
    return;
  }
  const text = 'The dashboard is read-only without its token. In a terminal, in the folder of the training: sslo dashboard --token';
  if (await ask({ title: 'Unlock actions', text, yes: 'Unlock', field: true }, (token) => openSession(token.trim()))) changed();
}

/** Asks, acts, and tells what became of it. @param {string} title @param {string} text @param {string} yes @param {string} address */
export async function act(title, text, yes, address) {
  if (await ask({ title, text, yes }, async () => { await post(address); })) tell(`${title.replace(/\?$/, '')}: asked for`);
}

/** @param {string} text */
export function tell(text) {
  say($('said'), text);
  setTimeout(() => say($('said'), ''), 4000);
}
