// The programs under the tests: the provider double, and an Atelier whose providers all are that double.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

// The folder of the built programs, as for the end-to-end tests.
const programFolder = process.env.ATELIER_BIN ?? path.resolve(import.meta.dirname, '../../../build/release/bin');

export const providerKey = 'sk-double';

// Starts a program and resolves once the first line of its output is there, which says where it listens.
async function start(program, args, environment) {
  const child = spawn(path.join(programFolder, program), args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => child.once('close', (code) => resolve(code)));
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors = (errors + text).slice(-20_000);
  });
  let output = '';
  const line = await new Promise((resolve, reject) => {
    child.once('error', reject);
    ended.then((code) => reject(new Error(`${program} ended with ${code} before it listened: ${errors}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      if (output.includes('\n')) resolve(output.slice(0, output.indexOf('\n')));
    });
  });
  const url = /http:\/\/\S+/.exec(line)?.[0];
  if (!url) throw new Error(`${program} named no address: ${line}`);
  return {
    url,
    log: () => errors,
    async stop() {
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 20_000);
      const code = await ended;
      clearTimeout(patience);
      if (code !== 0) throw new Error(`${program} ended with ${code}: ${errors}`);
    },
  };
}

// Only what a program needs: no key, proxy or setting of whoever runs the tests. `home` is where settings would be.
function cleanEnvironment(home, more = {}) {
  return { PATH: process.env.PATH, LANG: 'C.UTF-8', HOME: home, ...more };
}

/** What the double saw and what it is told to do. `stop` ends it. */
export class ProviderDouble {
  static async start(...args) {
    return new ProviderDouble(await start('provider-double', args, cleanEnvironment('/')));
  }
  constructor(program) {
    this.program = program;
    this.url = program.url;
  }
  stop() {
    return this.program.stop();
  }
  async control(method, where, body) {
    const answer = await fetch(`${this.url}/control${where}`, { method, body: body && JSON.stringify(body) });
    const told = await answer.json();
    if (!answer.ok) throw new Error(`the double refuses ${JSON.stringify(body)}: ${JSON.stringify(told)}`);
    return told;
  }
  /** Requests it got, oldest first; those with `marker` somewhere in their body where one is given. */
  async requests(marker = '') {
    const { requests } = await this.control('GET', '/requests');
    return requests.filter((request) => request.body.includes(marker));
  }
  addRules(...rules) {
    return this.control('POST', '', { rules });
  }
  clearRules() {
    return this.control('POST', '', { clear: true });
  }
  /** The one request with `marker`, once it is as `isSo` wants it. */
  async waitForRequest(marker, isSo = () => true, patienceMs = 10_000) {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const found = (await this.requests(marker)).find(isSo);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`no request with "${marker}" came to be as it should within ${patienceMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

// Every preset of a provider that answers chats, with the double behind it.
function providersOf(double) {
  const at = (where) => `${double.url}${where}`;
  const keyed = {
    OPENAI: at('/openai/v1'),
    ANTHROPIC: at('/anthropic'),
    GEMINI: at('/gemini/v1beta'),
    OPENROUTER: at('/openrouter/api/v1'),
    DEEPSEEK: at('/deepseek'),
    MISTRAL: at('/mistral/v1'),
    GROQ: at('/groq/openai/v1'),
    XAI: at('/xai/v1'),
    TOGETHER: at('/together/v1'),
    AZURE_OPENAI: at('/azure/openai/v1'),
  };
  const environment = {
    OLLAMA_BASE_URL: at('/ollama'),
    LLAMACPP_BASE_URL: at('/llama-cpp/v1'),
    LMSTUDIO_BASE_URL: at('/lm-studio/v1'),
    VLLM_BASE_URL: at('/vllm/v1'),
  };
  for (const [name, url] of Object.entries(keyed)) {
    environment[`${name}_API_KEY`] = providerKey;
    environment[`${name}_BASE_URL`] = url;
  }
  return environment;
}

// The secret of a new access key.
async function createKey(folder) {
  const { stdout } = await run(path.join(programFolder, 'atelier'), ['keys', 'create', 'clients', '--role', 'admin', '--data-dir', folder], { env: cleanEnvironment(folder) });
  return stdout.trim();
}

/** An `atelier serve` of its own data folder, gone when stopped. */
export class Atelier {
  /** With `needsKey` it asks for an access key, of which `key` is one. `settings` are set beside the tests' own. */
  static async start(double, { needsKey = false, settings = {} } = {}) {
    const folder = await mkdtemp(path.join(tmpdir(), 'atelier-clients-'));
    try {
      const environment = cleanEnvironment(folder, providersOf(double));
      const flags = ['--data-dir', folder, '--set', 'models.find_local=false', '--set', `access.require_key=${needsKey}`];
      for (const [name, value] of Object.entries(settings)) flags.push('--set', `${name}=${value}`);
      // The first one is made before the server starts, which would not start without.
      const key = needsKey ? await createKey(folder) : 'unused';
      return new Atelier(await start('atelier', ['serve', '--listen', '127.0.0.1:0', ...flags], environment), folder, key);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }
  constructor(program, folder, key) {
    this.program = program;
    this.folder = folder;
    this.key = key;
    this.url = program.url;
    /** What OpenAI's clients call the base URL; Anthropic's leave "/v1" out. */
    this.openaiUrl = `${program.url}/v1`;
  }
  /** The secret of a new access key with these settings, as POST /api/keys takes them. */
  async createKey(settings) {
    const headers = { authorization: `Bearer ${this.key}`, 'content-type': 'application/json' };
    const answer = await fetch(`${this.url}/api/keys`, { method: 'POST', headers, body: JSON.stringify(settings) });
    if (answer.status !== 201) throw new Error(`no key was made: ${answer.status} ${await answer.text()}`);
    return (await answer.json()).secret;
  }
  async stop() {
    try {
      await this.program.stop();
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
