// A studio with a provider double behind it, a Chromium, and what figures are made of them.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const SLICE = 1000; // messages that one request may bring
const CHROMIUM_ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const freePort = () => new Promise((done, failed) => {
  const probe = createServer().once('error', failed).listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});

function start(binary, args) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('ATELIER_') && !/_(API_KEY|BASE_URL)$/.test(key)));
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  return new Promise((done, failed) => {
    child.once('exit', (code) => failed(new Error(`${binary} ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
      if (address) done({ child, url: address });
    });
  });
}

export class Studio {
  static async start(bin) {
    const studio = new Studio();
    studio.folder = mkdtempSync(join(tmpdir(), 'bench-web-'));
    studio.double = await start(resolve(bin, 'provider-double'), ['--port', '0']);
    studio.bin = bin;
    await studio.#serve();
    await studio.ask('POST', '/api/providers', { name: 'lab', preset: 'openai', base_url: `${studio.double.url}/openai/v1`, key: 'sk-double', is_free: true });
    await studio.ask('POST', '/api/providers/lab/check');
    return studio;
  }

  async #serve() {
    this.server = await start(resolve(this.bin, 'atelier'), ['serve', '--listen', '127.0.0.1:0', '--data-dir', this.folder, '--set', 'models.find_local=false']);
    this.url = this.server.url;
  }
  // `work` has the data folder for itself.
  async without(work) {
    const ended = new Promise((done) => this.server.child.once('exit', done));
    this.server.child.kill('SIGTERM');
    await ended;
    await work(this.folder);
    await this.#serve();
  }

  async ask(method, path, body) {
    const response = await fetch(this.url + path, { method, headers: { 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  // A thread of so many messages, whose texts `textOf(number)` makes.
  async thread(count, textOf, model = 'lab/double') {
    const { id } = await this.ask('POST', '/api/threads', { model });
    for (let first = 1; first <= count; first += SLICE) {
      const messages = [];
      for (let number = first; number < first + SLICE && number <= count; number += 1) messages.push({ number, parent: number - 1, role: number % 2 ? 'user' : 'assistant', parts: [{ type: 'text', text: textOf(number) }] });
      await this.ask('PUT', `/api/threads/${id}/messages`, { messages });
    }
    return id;
  }

  stop() {
    this.server.child.kill('SIGKILL');
    this.double.child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export const launch = (...more) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: [...CHROMIUM_ARGS, ...more] });

// As people and models write: prose, lists, a table, code.
export function prose(number) {
  if (number % 2) return `And how is it with the ${number}th lamp, if one looks at it closely?`;
  const code = number % 10 === 0 ? '\n\n```js\nexport function lampAt(height) {\n  return lamps.find((lamp) => lamp.height === height) ?? null;\n}\n```' : '';
  const table = number % 14 === 0 ? '\n\n| lamp | range | seen by |\n| --- | --- | --- |\n| upper | 21 nm | ships |\n| lower | 7 nm | boats |' : '';
  return `### Lamp ${number}\n\nA lamp of the **first order** stands on a floor of cast iron, and *turns* on a bath of quicksilver; see [its maker](https://example.com/${number}).\n\n- It is lit at dusk.\n- It is trimmed at midnight, by \`hand\`.\n- It is put out at dawn.${table}${code}\n\nThe keeper writes it down.`;
}

export const quantile = (values, share) => values.toSorted((a, b) => a - b)[Math.min(Math.floor(values.length * share), values.length - 1)];
export const median = (values) => quantile(values, 0.5);
export const spread = (values, digits = 0) => `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
export const option = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : process.argv[at + 1];
};
