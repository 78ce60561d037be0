// The rows of conformance.mjs in Anthropic's form.
import { json } from './bodies.mjs';
import { named } from './events.mjs';

const messageUsage = {
  input_tokens: 12,
  cache_creation_input_tokens: 5,
  cache_read_input_tokens: 8,
  output_tokens: 10,
};
const messageTokens = { input: 12, cache_write: 5, cached_input: 8, output: 10 };
const messageMembers =
  '"model":"test-model" ,"max_tokens":64,"system":"s","messages":[{"role":"user","content":[{"type":"text","text":"h\\u00e9"}]}]';

export const messageEndpoints = [
  {
    name: 'messages',
    dialect: 'anthropic',
    body: json(messageMembers),
    reply: `{"id":"msg_1" ,"type":"message","role":"assistant","content":[],"stop_reason":"end_turn","n":1.0,"usage":${JSON.stringify(messageUsage)} }`,
    tokens: messageTokens,
    streams: [
      {
        body: json(`${messageMembers},"stream":true`),
        events: [
          named('message_start', {
            message: {
              id: 'msg_1',
              type: 'message',
              role: 'assistant',
              content: [],
              usage: { ...messageUsage, output_tokens: 1 },
            },
          }),
          named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
          named('ping', {}),
          named('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'h\u00e9' } }),
          named('content_block_stop', { index: 0 }),
          named('message_delta', {
            delta: { stop_reason: 'end_turn', stop_sequence: null },
            usage: { output_tokens: 10 },
          }),
          named('message_stop', {}),
        ],
        tokens: messageTokens,
      },
    ],
  },
  {
    name: 'messages/count_tokens',
    dialect: 'anthropic',
    body: json(messageMembers.replace('"max_tokens":64,', '')),
    reply: '{"input_tokens": 14 }',
    unmetered: true,
  },
];
