// Whom a model's name leads to. One family for each protocol that providers are called in; what a family cannot do because
// its protocol has no word for it is said here, and tested to be refused or left out.

/**
 * @typedef {object} Family
 * @property {string} name
 * @property {string} provider  what stands before the slash of a model's name
 * @property {string} persona   whom the double plays
 * @property {boolean} takesRemoteImages  an image may be an address
 * @property {boolean} canDemandAnyTool   one of several tools can be demanded; a certain one always can
 * @property {boolean} canForbidParallel  one call at most can be demanded
 * @property {boolean} hasSeveralAnswers  n > 1
 */

/** @type {Family[]} */
export const families = [
  {
    name: 'OpenAI',
    provider: 'openai',
    persona: 'openai',
    takesRemoteImages: true,
    canDemandAnyTool: true,
    canForbidParallel: true,
    hasSeveralAnswers: true,
  },
  {
    name: 'Anthropic',
    provider: 'anthropic',
    persona: 'anthropic',
    takesRemoteImages: true,
    canDemandAnyTool: true,
    canForbidParallel: true,
    hasSeveralAnswers: false,
  },
  {
    name: 'Gemini',
    provider: 'gemini',
    persona: 'gemini',
    takesRemoteImages: true,
    canDemandAnyTool: true,
    canForbidParallel: false,
    hasSeveralAnswers: true,
  },
  {
    name: 'Ollama',
    provider: 'ollama',
    persona: 'ollama',
    takesRemoteImages: false,
    canDemandAnyTool: false,
    canForbidParallel: false,
    hasSeveralAnswers: false,
  },
];

/** Providers that speak OpenAI's chat with quirks of their own. */
export const relatives = ['openrouter', 'deepseek', 'mistral', 'groq', 'xai', 'together', 'azure', 'llamacpp', 'lmstudio', 'vllm'];

/** The name of a family's model. `faults`: what the double does wrong, as "429,retry-after=1". */
export function modelOf(family, faults = '', base = 'double') {
  return `${family.provider ?? family}/${base}${faults && '@'}${faults}`;
}

let count = 0;
/** A text that no other request has, to find it among what the double saw. */
export function marker() {
  count += 1;
  return `[marker ${process.pid}-${count}]`;
}
