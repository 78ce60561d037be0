// Where the money went: by day, by model, and the most recent calls.
import { get, withQuery } from './api.js';
import { spendChart } from './chart.js';
import { zone } from './profile.js';
import { count, el, money, table, when } from './view.js';

const kRanges = [7, 30, 90];
const kRequests = 50;

const inputOf = ({ tokens }) => (tokens.input ?? 0) + (tokens.cached_input ?? 0) + (tokens.cache_write ?? 0);
const tookOf = ({ status, timing }) => {
  if (status === 'running') return '–';
  return timing.total < 1000 ? `${Math.round(timing.total)} ms` : `${(timing.total / 1000).toFixed(1)} s`;
};
const outputOf = ({ tokens }) => (tokens.output ?? 0) + (tokens.reasoning ?? 0);

export async function usagePage(_redraw, words) {
  const days = kRanges.find((range) => String(range) === words[0]) ?? 30;
  const [report, requests] = await Promise.all([
    get(withQuery('/v1/usage', { days, by: 'model', timezone: zone() })),
    get(withQuery('/v1/requests', { last: kRequests })),
  ]);
  const { totals } = report;
  return [
    el('div', { class: 'title' }, el('h1', {}, 'Usage'),
      el('nav', { class: 'choices', 'aria-label': 'Range' }, kRanges.map((range) =>
        el('a', { href: `#/usage/${range}`, 'aria-current': range === days ? 'true' : null }, `${range} days`)))),
    el('section', { class: 'cards' }, [
      ['Spend', money(totals.cost_usd)],
      ['Requests', count(totals.requests)],
      ['Tokens', count(totals.tokens.total)],
      ['Errors', count(totals.errors)],
    ].map(([label, value]) => el('div', { class: 'card' }, el('h2', {}, label), el('p', { class: 'big' }, value)))),
    el('h2', {}, 'Spend by day'),
    spendChart(report.days),
    el('p', { class: 'note' }, `Days in ${report.timezone}.`),
    el('h2', {}, 'Spend by model'),
    table('Spend by model', [
      { title: 'Model', cell: (model) => model.name },
      { title: 'Requests', number: true, cell: (model) => count(model.requests) },
      { title: 'Tokens', number: true, cell: (model) => count(model.tokens.total) },
      { title: 'Spend', number: true, cell: (model) => money(model.cost_usd) },
    ], report.by, 'No calls in these days.'),
    el('h2', {}, 'Recent requests'),
    table('Recent requests', [
      { title: 'Time', cell: (call) => when(call.time) },
      { title: 'Key', cell: (call) => call.key_name },
      { title: 'Model', cell: (call) => call.model },
      { title: 'Status', cell: (call) => el('span', { class: `status ${call.status}`, title: call.error_code ?? '' },
        call.status.replace('_', ' ')) },
      { title: 'Tokens in', number: true, cell: (call) => count(inputOf(call)) },
      { title: 'out', number: true, cell: (call) => count(outputOf(call)) },
      { title: 'Cost', number: true, cell: (call) => money(call.cost_usd) },
      { title: 'Took', number: true, cell: tookOf },
    ], requests.data, 'No calls yet.'),
  ];
}
