// The form of a key, and the one time that a new key is shown.
import { ask } from './api.js';
import { button, complain, el, notice, openDialog } from './view.js';

const kPeriods = ['day', 'week', 'month', 'total'];

function select(name, values, chosen) {
  return el('select', { name }, values.map((value) => el('option', { value, selected: value === chosen }, value)));
}

const field = (label, input, hint) =>
  el('label', {}, label, input, hint ? el('small', { class: 'note' }, hint) : null);

/// The fields of `key`; of a new one without it.
function fieldsOf(key, projects) {
  const number = (name, value, step = '1') =>
    el('input', { name, type: 'number', min: step === '1' ? 1 : 0, step, value: value ?? '', inputmode: 'decimal' });
  return [
    field('Name', el('input', { name: 'name', required: true, maxlength: 64, value: key?.name ?? '', autocomplete: 'off' })),
    projects ? field('Project', select('project', projects.map((project) => project.name), 'default')) : null,
    el('div', { class: 'pair' },
      field('Budget in USD', number('budget_usd', key?.budget_usd, 'any'), 'empty: none'),
      field('per', select('budget_period', kPeriods, key?.budget_period ?? 'month'))),
    el('div', { class: 'pair' },
      field('Calls a minute', number('rpm', key?.rpm), 'empty: any'),
      field('Expires on', el('input', { name: 'expires_at', type: 'date', value: key?.expires_at?.slice(0, 10) ?? '' }), 'empty: never')),
    field('Models', el('input', { name: 'allowed_models', value: key?.allowed_models?.join(', ') ?? '', autocomplete: 'off' }),
      'such as gpt-4o*, claude-*; empty: all'),
  ];
}

const numberOrNull = (text) => (text === '' ? null : Number(text));

/// What the form says, as the API wants it.
function termsOf(form, key) {
  const value = (name) => form.elements[name].value.trim();
  const terms = {
    name: value('name'),
    budget_usd: numberOrNull(value('budget_usd')),
    budget_period: value('budget_period'),
    rpm: numberOrNull(value('rpm')),
    allowed_models: value('allowed_models').split(',').map((model) => model.trim()).filter(Boolean),
  };
  // A date says less than the moment that is set: untouched, it stays.
  const date = value('expires_at');
  if (date !== (key?.expires_at?.slice(0, 10) ?? '')) terms.expires_at = date || null;
  return terms;
}

function keyDialog(title, verb, key, projects, save) {
  const form = el('form', {}, fieldsOf(key, projects), el('p', { class: 'actions' },
    button('Cancel', () => dialog.close(), 'quiet'),
    el('button', { type: 'submit' }, verb)));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const submit = form.querySelector('[type=submit]');
    submit.disabled = true;
    try {
      const made = await save(termsOf(form, key), form);
      dialog.close();
      return made;
    } catch (error) {
      // Said in the dialog, as what lies behind it can't be seen or heard.
      form.querySelector('.problem')?.remove();
      const text = error.hint ? `${error.message} – ${error.hint}` : error.message;
      form.prepend(el('p', { class: 'problem', role: 'alert' }, text));
    } finally {
      submit.disabled = false;
    }
  });
  const dialog = openDialog(title, form);
}

function showOnce(key) {
  const text = el('input', { readonly: true, value: key.key, 'aria-label': 'The new key', class: 'secret' });
  const copy = button('Copy', async () => {
    text.select();
    try {
      await navigator.clipboard.writeText(key.key);
      copy.textContent = 'Copied';
    } catch {
      copy.textContent = 'Press Ctrl+C';
    }
  });
  const dialog = openDialog(`Key “${key.name}”`,
    el('p', {}, 'Store it now: nufi keeps no copy of it, so this is the only time it is shown.'),
    el('p', { class: 'secret-row' }, text, copy),
    el('p', { class: 'actions' }, button('I have stored it', () => dialog.close())));
  text.select();
}

export function createDialog(projects, redraw) {
  keyDialog('Create a key', 'Create', null, projects, async (terms, form) => {
    const project = encodeURIComponent(form.elements.project.value);
    const made = await ask('POST', `/v1/projects/${project}/inference/keys`, terms);
    await redraw();
    showOnce(made);
  });
}

export function editDialog(key, redraw) {
  keyDialog(`Edit “${key.name}”`, 'Save', key, null, async (terms) => {
    await ask('PATCH', `/v1/inference/keys/${encodeURIComponent(key.id)}`, terms);
    notice(`${terms.name} is saved`);
    await redraw().catch(complain);
  });
}
