// The openai package where it uploads: pictures and sound, from memory, from files and as they come.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { before, beforeEach, describe, it } from 'node:test';

import { createOpenAI } from '@ai-sdk/openai';
import { experimental_transcribe as transcribe, generateImage } from 'ai';
import OpenAI, { toFile } from 'openai';

import { house } from './support/house.mjs';
import { lastRow, lastRows, summary, used } from './support/ledger.mjs';
import * as api from './support/openai_api.mjs';
import { wave } from './support/sound.mjs';

const dot = Buffer.from(api.picture, 'base64');

describe('the openai package uploads', () => {
  const h = house({ args: ['--hold-wait', '0s'] });
  const sound = wave(3);
  let client;
  let key;
  before(async () => {
    for (const args of [
      ['paint', '--input', '5', '--output', '40', '--image-input', '10', '--image-output', '40'],
      ['dall-e-2', '--per-image', '0.02'],
      ['whisper-1', '--per-second', '0.0001'],
      ['ear', '--input', '2.5', '--output', '10', '--audio-input', '6'],
    ]) {
      await h.daemon.ok(['prices', 'set', ...args]);
    }
    key = (await h.daemon.key({ budget: 100 })).key;
    client = new OpenAI({ baseURL: h.daemon.url, apiKey: key, maxRetries: 0 });
  });
  beforeEach(() => {
    h.upstream.handler = api.openaiApi();
  });
  const collect = async (stream) => {
    const all = [];
    for await (const each of stream) all.push(each);
    return all;
  };
  const sent = () => api.readForm(h.upstream.last);
  const row = async (endpoint, cost, basis = 'exact') =>
    assert.deepEqual(summary(await lastRow(h.daemon)), { endpoint, status: 'ok', basis, cost });

  describe('pictures', () => {
    // 12 of text, 8 of pictures in, 1100 out.
    const cost = 12 * 5_000 + 8 * 10_000 + 1100 * 40_000;
    const asked = { model: 'paint', prompt: 'ein weißer Punkt', size: '1024x1024' };

    it('edit one, with a mask', async () => {
      const image = await toFile(dot, 'dot.png', { type: 'image/png' });
      const reply = await client.images.edit({ ...asked, image, mask: await toFile(dot, 'mask.png') });
      assert.equal(reply.data[0].b64_json, api.picture);
      assert.deepEqual(sent().files, { image: dot.length, mask: dot.length });
      await row('images/edits', cost);
    });

    it('edit several, as a stream', async () => {
      const image = [await toFile(dot, 'a.png'), await toFile(dot, 'b.png')];
      const events = await collect(
        await client.images.edit({ ...asked, image, stream: true, partial_images: 1 }),
      );
      assert.deepEqual(
        events.map((event) => event.type),
        ['image_edit.partial_image', 'image_edit.completed'],
      );
      await row('images/edits', cost);
    });

    it('vary one', async () => {
      // The dimensions of a picture that is priced by the piece.
      const reply = await client.images.createVariation({
        model: 'dall-e-2',
        image: await toFile(dot, 'dot.png'),
        n: 2,
      });
      assert.equal(reply.data.length, 2);
      assert.equal((await lastRow(h.daemon)).endpoint, 'images/variations');
    });

    it('edit with the ai package', async () => {
      const { image } = await generateImage({
        model: createOpenAI({ baseURL: h.daemon.url, apiKey: key }).image('paint'),
        prompt: { text: 'a dot', images: [dot] },
        size: '1024x1024',
      });
      assert.equal(image.base64, api.picture);
      await row('images/edits', cost);
    });
  });

  describe('sound', () => {
    const file = () => toFile(sound, 'speech.wav', { type: 'audio/wav' });
    const cost = 4 * 2_500 + 16 * 6_000 + 10 * 10_000;

    it('transcribe, by token', async () => {
      const reply = await client.audio.transcriptions.create({
        model: 'ear',
        file: await file(),
        language: 'de',
      });
      assert.equal(reply.text, api.answer);
      assert.deepEqual(sent().files, { file: sound.length });
      await row('audio/transcriptions', cost);
      assert.deepEqual(used(await lastRow(h.daemon)), { input: 4, audio_input: 16, output: 10 });
    });

    it('transcribe as a stream', async () => {
      const events = await collect(
        await client.audio.transcriptions.create({ model: 'ear', file: await file(), stream: true }),
      );
      assert.deepEqual(
        events.slice(0, -1).map((event) => event.delta),
        api.words,
      );
      assert.equal(events.at(-1).type, 'transcript.text.done');
      await row('audio/transcriptions', cost);
      assert.ok((await lastRow(h.daemon)).stream);
    });

    it('transcribe, by second, in every format', async () => {
      const ask = async (response_format) =>
        client.audio.transcriptions.create({ model: 'whisper-1', file: await file(), response_format });
      assert.equal((await ask('json')).text, api.answer);
      await row('audio/transcriptions', 300_000);
      const verbose = await ask('verbose_json');
      assert.deepEqual([verbose.duration, verbose.segments.length], [2.5, 1]);
      await row('audio/transcriptions', 300_000);
      assert.equal(await ask('text'), `${api.answer}\n`);
      assert.match(await ask('srt'), /^1\n00:00:00,000 --> /);
      assert.match(await ask('vtt'), /^WEBVTT\n\n/);
      for (const each of await lastRows(h.daemon, 3)) {
        assert.deepEqual([each.status, each.cost_basis], ['ok', 'estimated']);
        assert.ok(each.cost_usd > 0);
      }
    });

    it('translate, and a file that is read from disk as it is sent', async () => {
      const name = path.join(h.daemon.home, 'speech.wav');
      fs.writeFileSync(name, sound);
      const reply = await client.audio.translations.create({
        model: 'whisper-1',
        file: fs.createReadStream(name),
        prompt: 'é',
      });
      assert.equal(reply.text, api.answer);
      assert.deepEqual(
        [sent().files.file, Buffer.from(sent().fields.prompt, 'latin1').toString()],
        [sound.length, 'é'],
      );
      await row('audio/translations', 300_000);
    });

    it('transcribe with the ai package', async () => {
      const model = createOpenAI({ baseURL: h.daemon.url, apiKey: key }).transcription('whisper-1');
      const { text } = await transcribe({ model, audio: sound });
      assert.equal(text, api.answer);
      assert.equal((await lastRow(h.daemon)).endpoint, 'audio/transcriptions');
    });
  });

  it('Budget reached: exactly one attempt, and nothing of the file goes on', async () => {
    const poor = new OpenAI({
      baseURL: h.daemon.url,
      apiKey: (await h.daemon.key({ budget: 0.000001 })).key,
      maxRetries: 2,
    });
    const file = await toFile(sound, 'speech.wav');
    await assert.rejects(poor.audio.transcriptions.create({ model: 'whisper-1', file }), (error) => {
      assert.ok(error instanceof OpenAI.RateLimitError);
      assert.deepEqual([error.code, error.error.nufi.reason], ['insufficient_quota', 'budget']);
      return true;
    });
    assert.equal(h.upstream.requests.length, 0);
  });

  it('errors: a form without a model, a model that is not allowed', async () => {
    const file = await toFile(sound, 'speech.wav');
    await assert.rejects(client.audio.transcriptions.create({ file }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.param, 'model');
      return true;
    });
    const narrow = new OpenAI({
      baseURL: h.daemon.url,
      apiKey: (await h.daemon.key({ model: 'other' })).key,
    });
    await assert.rejects(
      narrow.audio.transcriptions.create({ model: 'ear', file }),
      OpenAI.PermissionDeniedError,
    );
    assert.equal(h.upstream.requests.length, 0);
  });
});
