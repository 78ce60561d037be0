// Replies of the endpoints beside chat, in OpenAI's shape, as bytes that no serializer would write.
import { named } from './events.mjs';

export const pcm = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919) & 255));

/// A response that used `usage`.
export const response = (usage, more = {}) => ({
  id: 'resp_1',
  object: 'response',
  created_at: 1760000000,
  status: 'completed',
  error: null,
  incomplete_details: null,
  model: 'test-model',
  output: [
    {
      type: 'message',
      id: 'msg_1',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Hello there', annotations: [] }],
    },
  ],
  parallel_tool_calls: true,
  tool_choice: 'auto',
  tools: [],
  usage,
  ...more,
});

export const responseUsage = {
  input_tokens: 20,
  input_tokens_details: { cached_tokens: 8 },
  output_tokens: 10,
  output_tokens_details: { reasoning_tokens: 4 },
  total_tokens: 30,
};

/// The events of a streamed response; the last of `type` carries the usage.
export function responseEvents({
  type = 'response.completed',
  usage = responseUsage,
  words = ['Hello', ' there'],
} = {}) {
  let number = 0;
  const next = (name, fields) => named(name, { sequence_number: number++, ...fields });
  const begun = response(null, { status: 'in_progress', output: [] });
  return [
    next('response.created', { response: begun }),
    next('response.in_progress', { response: begun }),
    next('response.output_item.added', {
      output_index: 0,
      item: { type: 'message', id: 'msg_1', status: 'in_progress', role: 'assistant', content: [] },
    }),
    next('response.content_part.added', {
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      part: { type: 'output_text', text: '', annotations: [] },
    }),
    ...words.map((delta) =>
      next('response.output_text.delta', { item_id: 'msg_1', output_index: 0, content_index: 0, delta }),
    ),
    next('response.output_text.done', {
      item_id: 'msg_1',
      output_index: 0,
      content_index: 0,
      text: words.join(''),
    }),
    next(type, { response: response(usage, { status: type.slice('response.'.length) }) }),
  ];
}
