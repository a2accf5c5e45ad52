// The service worker: keeps the page's own files, so that it opens without a network, and nothing that the API says.
// The build writes in which files these are: another build is another worker, which takes the place of this one.
const name = SHELL_NAME;
const files = SHELL_FILES;
const PATIENCE_MS = 4000;

addEventListener('install', (event) => {
  skipWaiting();
  event.waitUntil(caches.open(name).then((cache) => cache.addAll(files)));
});
addEventListener('activate', (event) => {
  const forget = async () => Promise.all((await caches.keys()).filter((other) => other !== name).map((other) => caches.delete(other)));
  event.waitUntil(forget().then(() => clients.claim()));
});
addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin || /^\/(api|v1|metrics)(\/|$)/.test(pathname)) return;
  if (pathname.startsWith('/_app/') || (pathname !== '/' && files.includes(pathname))) event.respondWith(kept(request));
  else if (request.mode === 'navigate' && !pathname.slice(pathname.lastIndexOf('/')).includes('.')) event.respondWith(fresh(request));
});

// A file's name has its hash: it is never another.
async function kept(request) {
  const found = await caches.match(request, { ignoreVary: true });
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok && request.url.includes('/_app/')) await (await caches.open(name)).put(request, answer.clone());
  return answer;
}
// The page as the server has it; as it was, where the server does not say in time.
async function fresh(request) {
  const shell = async () => (await caches.open(name)).match('/', { ignoreVary: true });
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS)).then(shell);
  const answer = fetch(request).then((got) => (got.status < 500 ? got : shell().then((old) => old ?? got)), async (error) => (await shell()) ?? Promise.reject(error));
  return (await Promise.race([answer, late])) ?? answer;
}
