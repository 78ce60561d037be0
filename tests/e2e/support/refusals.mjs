// What every endpoint refuses, and how it says so in either dialect.
import assert from 'node:assert/strict';

const byStatus = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  405: 'invalid_request_error',
  413: 'request_too_large',
  415: 'invalid_request_error',
  429: 'rate_limit_error',
  502: 'api_error',
};

/// Checks that `reply` is an error in the shape of `dialect`; `expected`: {status, type, code, param}.
/// An undefined code or param may be anything; null must be null.
export function assertError(reply, expected, dialect = 'openai') {
  assert.equal(reply.status, expected.status, reply.text);
  assert.match(reply.headers['content-type'], /^application\/json/);
  assert.ok(reply.headers['x-request-id'], 'x-request-id');
  assert.ok(!reply.text.includes('sk-nufi-'), 'no key in a message');
  const { error, ...rest } = reply.json;
  assert.ok(typeof error.message === 'string' && error.message.length > 10, reply.text);
  if (dialect === 'anthropic') {
    assert.deepEqual(Object.keys(rest).sort(), ['request_id', 'type']);
    assert.deepEqual([rest.type, error.type], ['error', byStatus[expected.status]]);
    assert.ok(rest.request_id && rest.request_id === reply.headers['request-id'], reply.text);
    return error;
  }
  assert.deepEqual(rest, {});
  const fields = Object.keys(error).filter((name) => name !== 'nufi');
  assert.deepEqual(fields, ['message', 'type', 'param', 'code']);
  for (const name of fields) assert.ok(error[name] === null || typeof error[name] === 'string', name);
  assert.equal(error.type, expected.type ?? 'invalid_request_error');
  if (expected.code !== undefined) assert.equal(error.code, expected.code);
  if (expected.param !== undefined) assert.equal(error.param, expected.param);
  return error;
}

/// Refusals for what stands in the head, whatever the body says. `ask` changes the request; `keys`
/// are those of conformance.test.mjs. `check` looks at what else the reply says.
export const refusals = [
  { why: 'no key', status: 401, code: 'invalid_api_key', ask: () => ({ key: undefined }) },
  {
    why: 'a key with a typo',
    status: 401,
    code: 'invalid_api_key',
    ask: ({ rich }) => ({ key: `${rich.slice(0, -1)}~` }),
  },
  { why: 'a revoked key', status: 401, code: 'key_revoked', ask: ({ revoked }) => ({ key: revoked }) },
  { why: 'a disabled key', status: 401, code: 'key_disabled', ask: ({ disabled }) => ({ key: disabled }) },
  {
    why: 'a model that the key may not use',
    status: 403,
    type: 'permission_error',
    code: 'model_not_allowed',
    ask: ({ narrow }) => ({ key: narrow }),
  },
  {
    why: 'an address that the key may not be used from',
    status: 403,
    type: 'permission_error',
    code: 'ip_not_allowed',
    ask: ({ far }) => ({ key: far }),
  },
  {
    why: 'a model that no upstream has',
    status: 404,
    code: 'model_not_found',
    ask: (_, { body }) => ({ body: body.withModel('absent').bytes }),
  },
  {
    why: 'a compressed body',
    status: 415,
    ask: () => ({ headers: { 'Content-Encoding': 'gzip' } }),
  },
  {
    why: 'a body too large',
    status: 413,
    code: 'request_too_large',
    ask: () => ({ headers: { 'Content-Length': String(1024 ** 3) } }),
  },
];

/// Refusals for what the call costs; nothing of them is asked where nothing is charged.
export const limits = [
  {
    why: 'a price that is not known, under a budget',
    status: 400,
    code: 'model_price_unknown',
    ask: (_, { body }) => ({ body: body.withModel('unpriced').bytes }),
  },
  {
    why: 'a budget without room',
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
    ask: ({ poor }) => ({ key: poor }),
    check: ({ headers }, error) => {
      assert.match(error.message, /^Budget reached/);
      assert.deepEqual(
        [headers['x-should-retry'], headers['retry-after-ms'], headers['retry-after']],
        ['false', '0', undefined],
      );
      const { reason, limit, limit_usd, spent_usd, held_usd, in_flight, resets_at } = error.nufi;
      assert.deepEqual(
        [reason, limit, limit_usd, spent_usd, held_usd, in_flight],
        ['budget', 'key', 1e-9, 0, 0, 0],
      );
      assert.ok(Date.parse(resets_at) > Date.now());
    },
  },
];
