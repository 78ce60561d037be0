// What the ledger says of the calls of a test.
import { patience } from './daemon.mjs';
import { until } from './wait.mjs';

export const nano = (usd) => Math.round(usd * 1e9);

/// The buckets of a row that are not 0.
export const used = (row) =>
  Object.fromEntries(Object.entries(row.tokens).filter(([name, count]) => count && name !== 'total'));

/// The `count` newest rows, newest first.
export async function lastRows(daemon, count) {
  return (await daemon.api('GET', `/v1/requests?last=${count}`)).json.data;
}

export const lastRow = async (daemon) => (await lastRows(daemon, 1))[0];

/// The newest row once it has `status`.
export const rowWith = (daemon, status) =>
  until(
    async () => {
      const row = await lastRow(daemon);
      return row?.status === status && row;
    },
    10_000 * patience,
    `a row that is ${status}`,
  );

/// { endpoint, status, cost_basis, cost } of a row, to compare at once.
export const summary = (row) => ({
  endpoint: row.endpoint,
  status: row.status,
  basis: row.cost_basis,
  cost: nano(row.cost_usd),
});
