// Who you are, your budget, the last seven days and the keys that were used most.
import { ask, get, withQuery } from './api.js';
import { spendChart } from './chart.js';
import { budgetBar, budgetText, button, complain, count, el, facts, money, notice, openDialog, table, when } from './view.js';

export const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || '';

function editDialog(profile, redraw) {
  const name = el('input', { name: 'name', value: profile.name ?? '', maxlength: 128, autocomplete: 'name' });
  const email = el('input', { name: 'email', type: 'email', value: profile.email ?? '', autocomplete: 'email' });
  const form = el('form', {},
    el('label', {}, 'Name', name),
    el('label', {}, 'E-mail', email),
    el('p', { class: 'actions' },
      button('Cancel', () => dialog.close(), 'quiet'),
      el('button', { type: 'submit' }, 'Save')));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await ask('PATCH', '/v1/profile', { name: name.value.trim() || null, email: email.value.trim() || null });
      dialog.close();
      notice('Profile saved');
      await redraw();
    } catch (error) {
      complain(error);
    }
  });
  const dialog = openDialog('Edit profile', form);
}

export async function profilePage(redraw) {
  const profile = await get(withQuery('/v1/profile', { timezone: zone() }));
  const week = profile.week;
  return [
    el('div', { class: 'title' },
      el('h1', {}, profile.name || profile.username),
      button('Edit profile', () => editDialog(profile, redraw), 'quiet')),
    facts([
      ['User', `${profile.username} (${profile.role})`],
      ['E-mail', profile.email ?? '–'],
      ['Member since', when(profile.created_at)],
    ]),
    el('section', { class: 'cards' },
      el('div', { class: 'card' }, el('h2', {}, 'Budget'),
        el('p', { class: 'big' }, money(profile.spent_usd), el('small', {}, ` of ${budgetText(profile)}`)),
        budgetBar(profile),
        el('p', { class: 'note' },
          profile.budget_usd === null ? 'Only an admin can set one.' : [
            `${money(profile.remaining_usd)} left`,
            profile.held_usd > 0 ? `, ${money(profile.held_usd)} held by running calls` : '',
            profile.budget_resets_at ? ', starts anew ' : '',
            profile.budget_resets_at ? when(profile.budget_resets_at) : '',
          ])),
      el('div', { class: 'card' }, el('h2', {}, 'Last 7 days'),
        el('p', { class: 'big' }, money(week.totals.cost_usd)),
        el('p', { class: 'note' }, `${count(week.totals.requests)} requests, ${count(week.totals.tokens.total)} tokens`))),
    el('h2', {}, 'Spend by day'),
    spendChart(week.days),
    el('h2', {}, 'Most used keys'),
    table('Most used keys', [
      { title: 'Key', cell: (key) => key.name },
      { title: 'Requests', number: true, cell: (key) => count(key.requests) },
      { title: 'Tokens', number: true, cell: (key) => count(key.tokens.total) },
      { title: 'Spend', number: true, cell: (key) => money(key.cost_usd) },
    ], week.by.slice(0, 5), 'No key was used in the last seven days.'),
  ];
}
