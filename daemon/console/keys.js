// API keys: what they may and did spend; made, edited, disabled and revoked.
import { ask, get, withQuery } from './api.js';
import { createDialog, editDialog } from './key_form.js';
import { agree, budgetBar, budgetText, button, complain, el, money, notice, table, when } from './view.js';

const keyPath = (key) => `/v1/inference/keys/${encodeURIComponent(key.id)}`;

/// All pages of a list.
async function all(path, query = {}) {
  const items = [];
  for (let after = ''; after !== null; ) {
    const page = await get(withQuery(path, { ...query, after }));
    items.push(...page.data);
    after = page.next;
  }
  return items;
}

async function change(redraw, done, method, path) {
  try {
    await ask(method, path);
    notice(done);
  } catch (error) {
    complain(error);
  }
  await redraw();
}

function actions(key, redraw) {
  const act = (text, onclick, kind = 'quiet') => {
    const one = button(text, onclick, kind);
    one.setAttribute('aria-label', `${text} ${key.name}`);
    return one;
  };
  if (key.status === 'revoked') return el('span', { class: 'note' }, 'final');
  const buttons = [act('Edit', () => editDialog(key, redraw))];
  if (key.status === 'disabled') {
    buttons.push(act('Enable', () => change(redraw, `${key.name} is enabled`, 'POST', `${keyPath(key)}/enable`)));
  } else if (key.status !== 'expired') {
    buttons.push(act('Disable', () => change(redraw, `${key.name} is disabled`, 'POST', `${keyPath(key)}/disable`)));
  }
  buttons.push(act('Revoke', async () => {
    const text = `Whoever uses “${key.name}” is refused from now on, and running calls are cut. This is final.`;
    if (await agree('Revoke this key?', text, 'Revoke')) {
      await change(redraw, `${key.name} is revoked`, 'DELETE', keyPath(key));
    }
  }, 'quiet danger'));
  return el('div', { class: 'row-actions' }, buttons);
}

export async function keysPage(redraw) {
  const [keys, projects] = await Promise.all([all('/v1/inference/keys'), all('/v1/projects')]);
  const order = (key) => (key.status === 'revoked' || key.status === 'expired' ? 1 : 0);
  keys.sort((a, b) => order(a) - order(b));
  return [
    el('div', { class: 'title' }, el('h1', {}, 'API keys'),
      button('Create key', () => createDialog(projects, redraw))),
    table('API keys', [
      { title: 'Name', cell: (key) => [el('strong', {}, key.name), el('code', { class: 'under' }, key.masked)] },
      { title: 'Status', cell: (key) => el('span', { class: `status ${key.status}` }, key.status) },
      { title: 'Project', cell: (key) => key.project },
      { title: 'Spent', number: true, cell: (key) => money(key.spent_usd) },
      { title: 'Budget', number: true, cell: (key) => [budgetText(key), budgetBar(key)] },
      { title: 'Last used', cell: (key) => when(key.last_used_at, 'never') },
      { title: 'Expires', cell: (key) => when(key.expires_at, 'never') },
      { title: 'Actions', cell: (key) => actions(key, redraw) },
    ], keys, 'No keys yet. Create one, and point any OpenAI client at nufid with it.'),
  ];
}
