// The languages whose code is coloured, each a file of its own that is loaded when the first such block has closed.
import type { LanguageFn } from 'highlight.js';

type Load = () => Promise<{ default: LanguageFn }>;

const loads: Record<string, Load> = {
  bash: () => import('highlight.js/lib/languages/bash'),
  c: () => import('highlight.js/lib/languages/c'),
  clojure: () => import('highlight.js/lib/languages/clojure'),
  cmake: () => import('highlight.js/lib/languages/cmake'),
  cpp: () => import('highlight.js/lib/languages/cpp'),
  csharp: () => import('highlight.js/lib/languages/csharp'),
  css: () => import('highlight.js/lib/languages/css'),
  dart: () => import('highlight.js/lib/languages/dart'),
  diff: () => import('highlight.js/lib/languages/diff'),
  dockerfile: () => import('highlight.js/lib/languages/dockerfile'),
  elixir: () => import('highlight.js/lib/languages/elixir'),
  erlang: () => import('highlight.js/lib/languages/erlang'),
  go: () => import('highlight.js/lib/languages/go'),
  graphql: () => import('highlight.js/lib/languages/graphql'),
  groovy: () => import('highlight.js/lib/languages/groovy'),
  haskell: () => import('highlight.js/lib/languages/haskell'),
  http: () => import('highlight.js/lib/languages/http'),
  ini: () => import('highlight.js/lib/languages/ini'),
  java: () => import('highlight.js/lib/languages/java'),
  javascript: () => import('highlight.js/lib/languages/javascript'),
  json: () => import('highlight.js/lib/languages/json'),
  julia: () => import('highlight.js/lib/languages/julia'),
  kotlin: () => import('highlight.js/lib/languages/kotlin'),
  latex: () => import('highlight.js/lib/languages/latex'),
  less: () => import('highlight.js/lib/languages/less'),
  lua: () => import('highlight.js/lib/languages/lua'),
  makefile: () => import('highlight.js/lib/languages/makefile'),
  markdown: () => import('highlight.js/lib/languages/markdown'),
  matlab: () => import('highlight.js/lib/languages/matlab'),
  nginx: () => import('highlight.js/lib/languages/nginx'),
  objectivec: () => import('highlight.js/lib/languages/objectivec'),
  ocaml: () => import('highlight.js/lib/languages/ocaml'),
  perl: () => import('highlight.js/lib/languages/perl'),
  php: () => import('highlight.js/lib/languages/php'),
  powershell: () => import('highlight.js/lib/languages/powershell'),
  protobuf: () => import('highlight.js/lib/languages/protobuf'),
  python: () => import('highlight.js/lib/languages/python'),
  r: () => import('highlight.js/lib/languages/r'),
  ruby: () => import('highlight.js/lib/languages/ruby'),
  rust: () => import('highlight.js/lib/languages/rust'),
  scala: () => import('highlight.js/lib/languages/scala'),
  scss: () => import('highlight.js/lib/languages/scss'),
  shell: () => import('highlight.js/lib/languages/shell'),
  sql: () => import('highlight.js/lib/languages/sql'),
  swift: () => import('highlight.js/lib/languages/swift'),
  typescript: () => import('highlight.js/lib/languages/typescript'),
  xml: () => import('highlight.js/lib/languages/xml'),
  yaml: () => import('highlight.js/lib/languages/yaml'),
};

const otherNames: Record<string, string> = {
  bash: 'sh zsh',
  clojure: 'clj edn',
  cpp: 'c++ cc h hpp cxx cuda',
  csharp: 'cs c# dotnet',
  diff: 'patch',
  dockerfile: 'docker containerfile',
  elixir: 'ex exs',
  erlang: 'erl',
  go: 'golang',
  graphql: 'gql',
  groovy: 'gradle',
  haskell: 'hs',
  ini: 'toml conf cfg',
  java: 'jsp',
  javascript: 'js cjs mjs jsx node',
  json: 'jsonc json5 jsonl ndjson',
  julia: 'jl',
  kotlin: 'kt kts',
  latex: 'tex',
  makefile: 'make mk',
  markdown: 'md mdx',
  matlab: 'octave',
  objectivec: 'objc objective-c',
  ocaml: 'ml reasonml',
  perl: 'pl',
  powershell: 'ps1 pwsh ps',
  protobuf: 'proto',
  python: 'py python3 ipython pyi starlark',
  r: 'rlang',
  ruby: 'rb',
  rust: 'rs',
  scss: 'sass',
  shell: 'console shellsession terminal',
  sql: 'mysql postgres postgresql sqlite plsql tsql',
  typescript: 'ts tsx cts mts',
  xml: 'html xhtml svg vue svelte rss plist',
  yaml: 'yml',
};
const byName = new Map(Object.entries(otherNames).flatMap(([name, others]) => others.split(' ').map((other) => [other, name] as const)));

// Languages that are written within another.
const within: Record<string, readonly string[]> = {
  html: ['css', 'javascript'],
  vue: ['css', 'javascript'],
  svelte: ['css', 'javascript'],
  jsx: ['xml'],
  tsx: ['xml'],
  md: ['xml'],
  markdown: ['xml'],
  php: ['xml'],
  console: ['bash'],
  shell: ['bash'],
};

// As `word` calls it behind a fence's marks; null where it is not known.
export function languageOf(word: string): { name: string; needs: readonly string[] } | null {
  const lower = word.toLowerCase();
  const name = byName.get(lower) ?? lower;
  return Object.hasOwn(loads, name) ? { name, needs: [name, ...(within[lower] ?? [])] } : null;
}

export const loadLanguage = async (name: string): Promise<LanguageFn> => (await loads[name]!()).default;
