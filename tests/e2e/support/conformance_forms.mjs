// The rows of conformance.mjs for what comes as a form, files among its fields.
import { form, json, tricky } from './bodies.mjs';
import { imageEvents, imageReply, imageTokens, pictures } from './conformance.mjs';
import { data, done } from './events.mjs';

const soundFile = { name: 'file', filename: 'sound.wav', type: 'audio/wav', data: tricky };
const pictureFile = (name) => ({ name, filename: 'a.png', type: 'image/png', data: tricky });
const transcriptUsage =
  '{"type":"tokens","input_tokens":20,"input_token_details":{"text_tokens":4,"audio_tokens":16},"output_tokens":10,"total_tokens":30}';
const transcriptTokens = { input: 4, audio_input: 16, output: 10 };

export const formEndpoints = [
  {
    name: 'images/edits',
    what: 'a form, by token',
    body: form([
      { name: 'model', value: 'test-model' },
      { name: 'prompt', value: 'h\u00e9' },
      { name: 'size', value: '1024x1024' },
      pictureFile('image[]'),
      pictureFile('mask'),
    ]),
    reply: imageReply,
    tokens: imageTokens,
    streams: [
      {
        body: form([
          { name: 'model', value: 'test-model' },
          { name: 'stream', value: 'true' },
          { name: 'prompt', value: 'x' },
          pictureFile('image'),
        ]),
        events: imageEvents('image_edit'),
        tokens: imageTokens,
      },
    ],
    optional: true,
  },
  {
    name: 'images/edits',
    what: 'a form with its file first, by picture',
    model: 'paint',
    body: form([
      pictureFile('image'),
      { name: 'prompt', value: 'x' },
      { name: 'n', value: '2' },
      { name: 'model', value: 'paint' },
    ]),
    reply: pictures,
    tokens: {},
    cost: 82_000_000,
    optional: true,
  },
  {
    name: 'images/edits',
    what: 'JSON',
    body: json('"model":"test-model","prompt":"x","images":[{"image_url":"data:image/png;base64,QUJD"}]'),
    reply: imageReply,
    tokens: imageTokens,
    optional: true,
  },
  {
    name: 'images/variations',
    model: 'paint',
    body: form([{ name: 'model', value: 'paint' }, { name: 'n', value: '2' }, pictureFile('image')]),
    reply: pictures,
    tokens: {},
    cost: 82_000_000,
    optional: true,
  },
  {
    name: 'audio/transcriptions',
    what: 'by token',
    body: form([{ name: 'model', value: 'test-model' }, { name: 'language', value: 'de' }, soundFile]),
    reply: `{"text":"h\\u00e9", "usage":${transcriptUsage} }\n`,
    tokens: transcriptTokens,
    streams: [
      {
        body: form([{ name: 'model', value: 'test-model' }, { name: 'stream', value: 'true' }, soundFile]),
        events: [
          data('{"type":"transcript.text.delta","delta":"h\\u00e9"}'),
          data(`{"type":"transcript.text.done","text":"h","usage":${transcriptUsage}}`),
          done,
        ],
        tokens: transcriptTokens,
      },
    ],
  },
  {
    name: 'audio/transcriptions',
    what: 'by second, with its file first',
    model: 'whisper',
    body: form([soundFile, { name: 'model', value: 'whisper' }]),
    reply: '{"text":"x","usage":{"type":"duration","seconds":3}}',
    tokens: {},
    cost: 300_000,
  },
  {
    name: 'audio/transcriptions',
    what: 'subtitles',
    model: 'whisper',
    body: form([{ name: 'model', value: 'whisper' }, { name: 'response_format', value: 'srt' }, soundFile]),
    reply: '1\n00:00:00,000 --> 00:00:01,000\nh\u00e9\n\n2\n00:00:01,000 --> 00:00:02,000\ny\n\n',
    type: 'text/plain; charset=utf-8',
    tokens: {},
    cost: 200_000,
    basis: 'estimated',
  },
  {
    name: 'audio/translations',
    model: 'whisper',
    body: form([
      soundFile,
      { name: 'model', value: 'whisper' },
      { name: 'response_format', value: 'verbose_json' },
    ]),
    reply: '{"task":"translate","duration":2.0,"text":"x","usage":{"type":"duration","seconds":2}}',
    tokens: {},
    cost: 200_000,
  },
];
