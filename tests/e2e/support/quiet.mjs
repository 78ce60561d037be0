// Endpoints that charge nothing and leave no trace.
import assert from 'node:assert/strict';
import { before } from 'node:test';

import { lastRow } from './ledger.mjs';
import { assertError } from './refusals.mjs';

/// Runs `task`, which must write no row and send nothing upstream, unless it `passes`.
export async function quietly(h, task, { passes = false } = {}) {
  const newest = async () => (await lastRow(h.daemon))?.id;
  const before = await newest();
  const reply = await task();
  assert.equal(h.upstream.requests.length, passes ? 1 : 0);
  assert.equal(await newest(), before, 'no row is written');
  for (const name of Object.keys(reply.headers)) assert.doesNotMatch(name, /^access-control-/);
  return reply;
}

/// Makes dead keys for a file's tests; the result checks that `ask({key})` refuses them all.
export function deadKeys(h) {
  const keys = { invalid_api_key: undefined };
  before(async () => {
    for (const [code, verb] of [
      ['key_revoked', 'revoke'],
      ['key_disabled', 'disable'],
    ]) {
      const made = await h.daemon.key();
      await h.daemon.ok(['keys', verb, made.id, ...(verb === 'revoke' ? ['--yes'] : [])]);
      keys[code] = made.key;
    }
  });
  return async (ask) => {
    for (const [code, key] of Object.entries(keys)) {
      assertError(await quietly(h, () => ask({ key })), { status: 401, code, param: null });
    }
  };
}
