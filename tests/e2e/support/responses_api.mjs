// The responses half of openai_api.mjs: it keeps what it made, as OpenAI does.
import { answer, place, responseUsage, words } from './openai_api.mjs';

const headers = { 'openai-processing-ms': '52', 'x-request-id': 'req_provider_2' };

function outputOf(body) {
  const tool = body.tools?.find((each) => each.type === 'function');
  const hasResult =
    Array.isArray(body.input) && body.input.some((item) => item.type === 'function_call_output');
  if (tool && !hasResult) {
    const called = { call_id: 'call_Qm3xA9', name: tool.name, arguments: JSON.stringify(place) };
    return [{ type: 'function_call', id: 'fc_68e1', status: 'completed', ...called }];
  }
  const text = body.text?.format?.type === 'json_schema' ? JSON.stringify(place) : answer;
  const content = [{ type: 'output_text', annotations: [], logprobs: [], text }];
  return [{ type: 'message', id: 'msg_68e1', status: 'completed', role: 'assistant', content }];
}

const inputOf = (body) =>
  Array.isArray(body.input)
    ? body.input
    : [
        {
          type: 'message',
          id: 'msg_in',
          role: 'user',
          status: 'completed',
          content: [{ type: 'input_text', text: body.input }],
        },
      ];

const made = (id, body, more) => ({
  id,
  object: 'response',
  created_at: 1_760_000_000,
  status: 'completed',
  background: body.background ?? false,
  error: null,
  incomplete_details: null,
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  model: body.model,
  output: outputOf(body),
  parallel_tool_calls: true,
  previous_response_id: body.previous_response_id ?? null,
  reasoning: { effort: null, summary: null },
  service_tier: 'default',
  store: body.store ?? true,
  temperature: 1,
  text: { format: body.text?.format ?? { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: body.tools ?? [],
  top_p: 1,
  truncation: 'disabled',
  usage: responseUsage,
  user: null,
  metadata: {},
  ...more,
});

/// The events of a stream that ends with `whole`.
export function eventsOf(whole) {
  const events = [];
  const add = (type, fields) => events.push({ type, sequence_number: events.length, ...fields });
  const begun = { ...whole, status: 'in_progress', output: [], usage: null };
  add('response.created', { response: begun });
  add('response.in_progress', { response: begun });
  for (const [output_index, item] of whole.output.entries()) {
    const at = { item_id: item.id, output_index };
    if (item.type === 'function_call') {
      add('response.output_item.added', {
        output_index,
        item: { ...item, status: 'in_progress', arguments: '' },
      });
      for (const delta of item.arguments.match(/.{1,6}/gsu))
        add('response.function_call_arguments.delta', { ...at, delta });
      add('response.function_call_arguments.done', { ...at, name: item.name, arguments: item.arguments });
    } else {
      const [part] = item.content;
      const deltas = part.text === answer ? words : part.text.match(/.{1,6}/gsu);
      add('response.output_item.added', {
        output_index,
        item: { ...item, status: 'in_progress', content: [] },
      });
      add('response.content_part.added', { ...at, content_index: 0, part: { ...part, text: '' } });
      for (const delta of deltas)
        add('response.output_text.delta', { ...at, content_index: 0, delta, logprobs: [] });
      add('response.output_text.done', { ...at, content_index: 0, text: part.text, logprobs: [] });
      add('response.content_part.done', { ...at, content_index: 0, part });
    }
    add('response.output_item.done', { output_index, item });
  }
  add(`response.${whole.status}`, { response: whole });
  return events;
}

async function stream(exchange, events) {
  await exchange.begin(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8' });
  for (const event of events) {
    await exchange.chunk(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  }
  return exchange.finish();
}

/// A handler that remembers: `kept` maps an id to { response, input }. Ids begin with `prefix`.
export function responsesApi({ prefix = 'resp_68e1f0' } = {}) {
  const kept = new Map();
  let count = 0;

  const create = (exchange, body) => {
    const id = `${prefix}${String(++count).padStart(42, '0')}`;
    const waits = body.background ? { status: 'queued', output: [], usage: null } : {};
    const whole = made(id, body, waits);
    if (body.store !== false) kept.set(id, { response: whole, input: inputOf(body) });
    return body.stream ? stream(exchange, eventsOf(whole)) : exchange.reply(200, whole, headers);
  };

  const about = (exchange, [id, verb]) => {
    const known = kept.get(id);
    if (!known) {
      const message = `Response with id '${id}' not found.`;
      return exchange.reply(404, {
        error: { message, type: 'invalid_request_error', param: null, code: null },
      });
    }
    if (exchange.method === 'DELETE') {
      kept.delete(id);
      return exchange.reply(200, { id, object: 'response', deleted: true }, headers);
    }
    if (verb === 'cancel') {
      known.response = { ...known.response, status: 'cancelled' };
      return exchange.reply(200, known.response, headers);
    }
    if (verb === 'input_items') {
      const data = known.input;
      const ends = { first_id: data[0].id ?? null, last_id: data.at(-1).id ?? null, has_more: false };
      return exchange.reply(200, { object: 'list', data, ...ends }, headers);
    }
    if (/[?&]stream=true/.test(exchange.target)) return stream(exchange, eventsOf(known.response));
    return exchange.reply(200, known.response, headers);
  };

  const handler = (exchange, name) =>
    name === 'responses' ? create(exchange, exchange.json) : about(exchange, name.split('/').slice(1));
  handler.kept = kept;
  return handler;
}
