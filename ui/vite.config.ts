import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defaultAllowedOrigins } from 'vite';
import { defineConfig } from 'vitest/config';
import { budgets } from './tools/budgets-plugin.mjs';
import { frame } from './tools/frame-plugin.mjs';
import { licences } from './tools/licences-plugin.mjs';
import { offline } from './tools/offline-plugin.mjs';
import { shell } from './tools/shell-plugin.mjs';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// What the first view of a page needs is asked for at once, and not when the page has come so far.
const SESSION = '/api/session';
const early = [
  { path: '^/c/([0-9a-z]+)$', modules: ['routes/chat/Page.svelte', 'features/chat/said/Messages.svelte'], calls: [SESSION, '/api/models', '/api/threads/$1?window=30'] },
  { path: '^/c$', modules: ['routes/chat/Page.svelte'], calls: [SESSION, '/api/models'] },
  { path: '^/(?:shorts)?$', modules: ['routes/shorts/Page.svelte'], calls: [SESSION] },
  { path: '^/library$', modules: ['routes/library/Page.svelte'], calls: [SESSION, '/api/assets/rows?limit=100&total=true'] },
  { path: '^/performance$', modules: ['routes/performance/Page.svelte', 'features/performance/Charts.svelte', 'uplot/dist/uPlot.esm.js', 'features/performance/alerts/Alerts.svelte'], calls: [SESSION, '/api/performance/objectives', '/api/performance/figures'] },
  { path: '^/shorts/', modules: ['routes/short/Page.svelte'], calls: [SESSION] },
];

// Diagrams are drawn apart from the page (docs/decisions/0013-diagrams.md). A flowchart is what most of them are.
const diagram = frame({ root: here('.'), name: 'diagram', document: here('./src/frame/diagram.html'), alias: { katex: here('./src/frame/no-formulas.ts') }, first: [/flowDiagram-/, /dagre-/] });

export default defineConfig({
  // The order matters: the shell is finished first, then measured.
  plugins: [svelte(), diagram, shell({ early }), licences(diagram.api.modules), offline(here('./src/app/sw.js')), budgets(here('./budgets.json'), { diagram_flowchart_br_bytes: diagram.api.firstFiles })],
  resolve: {
    alias: { $lib: here('./src/lib'), $features: here('./src/features') },
    ...(process.env.VITEST ? { conditions: ['browser'] } : {}),
  },
  build: {
    outDir: process.env.ATELIER_UI_OUT ?? 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The first that know light-dark() and :dir(): neither is to be rewritten into what only resembles it.
    cssTarget: ['chrome123', 'firefox121', 'safari17.5'],
    assetsDir: '_app',
    assetsInlineLimit: 0,
    // What every page uses is one file, and its styles are in the page already: few requests, none twice.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'base', test: /rolldown.runtime|\/node_modules\/(?!marked\/|highlight\.js\/|temml\/|uplot\/|web-vitals\/|virtua\/)|\/src\/lib\/(?!api\/generation|story\/|offline\/(?!tries)|gateway\/|md\/|timeline\/|media\/(?:asset-drag|peaks)|components\/(?:form\/|assets\/|StepList|RunProgress|Edge|Tabs|Badge|Segmented))/ },
            { name: 'said', test: /\/node_modules\/marked\/|\/src\/lib\/md\/(?!colour|draw-maths|languages|diagram\/)|\/src\/features\/chat\/said\/(Messages|MessageView|MessageFoot|PartView|text|words|en\.)/ },
            { name: 'making', test: /\/src\/lib\/(timeline\/|components\/(StepList|RunProgress|Edge|Tabs|Badge))/ },
            { name: 'gateway', test: /\/src\/lib\/(gateway|components\/form)\// },
            { name: 'story', test: /\/src\/(styles\/story|lib\/story\/(split|pictures)|features\/shorts\/(StoryText|words|en\.json))/ },
          ],
        },
      },
    },
    cssCodeSplit: true,
    reportCompressedSize: false,
  },
  // Frames without an origin load their scripts from here, too.
  server: { cors: { origin: [defaultAllowedOrigins, 'null'] }, proxy: Object.fromEntries(['/api', '/v1'].map((path) => [path, process.env.ATELIER_API ?? 'http://127.0.0.1:8787'])) },
  test: { include: ['src/**/*.test.ts', 'tests/unit/**/*.test.ts'], environment: 'node' },
});
