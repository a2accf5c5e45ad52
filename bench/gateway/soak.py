"""Memory over a long mix of calls: whole, streamed, translated, refused, failing over, cut in mid-stream, and left by their
callers. Told every ten seconds; what counts is what it grows by once it has settled."""
import collections
import http.client
import json
import random
import statistics
import threading
import time

from loads import table
from servers import Atelier, Double, memory_mib

WORKERS, SAMPLE_SECONDS, SETTLING_SECONDS = 6, 10, 300
STEADY = 'double'
FAULTY = {'failing': 'double@503@p=0.2', 'cut': 'double@cut-mid@p=0.2'}  # routes: each model has the steady one behind it


def conversation(model, text, **fields):
    return {'model': model, 'max_tokens': 100, 'messages': [{'role': 'user', 'content': text}], **fields}


MODELS = [STEADY, *FAULTY.values(), 'double@slow-first=50', 'double@token-gap=20', 'double@context', 'missing']
# What a kind of call sends, where, and the statuses it may have.
KINDS = {
    'whole': ('/v1/chat/completions', conversation(f'openai/{STEADY}', '[bytes 1024]'), {200}),
    'streamed': ('/v1/chat/completions', conversation(f'openai/{STEADY}', '[say 40]', stream=True), {200}),
    'translated': ('/v1/messages', conversation(f'openai/{STEADY}', '[say 20]', stream=True), {200}),
    'responses': ('/v1/responses', {'model': f'openai/{STEADY}', 'input': '[say 20]', 'stream': True, 'store': False}, {200}),
    'slow': ('/v1/chat/completions', conversation('openai/double@slow-first=50', '[say 5]', stream=True), {200}),
    'refused': ('/v1/chat/completions', conversation('openai/double@context', 'Hello'), {400}),
    'unknown': ('/v1/chat/completions', conversation('openai/missing', 'Hello'), {404}),
    'malformed': ('/v1/chat/completions', {'model': f'openai/{STEADY}', 'messages': 7}, {400}),
    'failing over': ('/v1/chat/completions', conversation('failing', '[say 20]'), {200}),
    'cut': ('/v1/chat/completions', conversation('cut', '[say 20]', stream=True), {200}),
    'left': ('/v1/chat/completions', conversation('openai/double@token-gap=20', '[say 100]', stream=True), {200}),
}


class Worker(threading.Thread):
    """One call after another, their kinds by lot."""

    def __init__(self, atelier, seed, until):
        super().__init__()
        self.atelier, self.until, self.chance = atelier, until, random.Random(seed)
        self.counts, self.wrong = collections.Counter(), collections.Counter()

    def run(self):
        connection = None
        while time.monotonic() < self.until:
            kind = self.chance.choice(list(KINDS))
            path, body, statuses = KINDS[kind]
            connection = connection or http.client.HTTPConnection('127.0.0.1', self.atelier.port, timeout=60)
            self.counts[kind] += 1
            try:
                connection.request('POST', path, json.dumps(body), {'Content-Type': 'application/json', 'Authorization': f'Bearer {self.atelier.key}'})
                answer = connection.getresponse()
                if answer.status not in statuses:
                    self.wrong[f'{kind}: {answer.status}'] += 1
                if kind != 'left':
                    answer.read()
                    continue
                answer.read(100)
            except (OSError, http.client.HTTPException) as fault:
                self.wrong[f'{kind}: {fault!r}'] += 1
            connection.close()
            connection = None


def watch(atelier, workers, seconds):
    """Memory, every so often until all have ended: (seconds, MiB, calls so far)."""
    pause, begun, samples = min(SAMPLE_SECONDS, seconds / 20), time.monotonic(), []
    while any(worker.is_alive() for worker in workers):
        time.sleep(pause)
        passed = time.monotonic() - begun
        samples.append((passed, memory_mib(atelier.process.pid), sum(worker.counts.total() for worker in workers)))
        if pause == SAMPLE_SECONDS:
            print(f'  {passed:6.0f} s  {samples[-1][1]:6.2f} MiB  {samples[-1][2]} calls', flush=True)
    return samples


def growth_mib(samples, settling):
    """From the fifth of the samples after settling to the last fifth, by their medians."""
    settled = [memory for passed, memory, _ in samples if passed >= settling]
    fifth = max(1, len(settled) // 5)
    return statistics.median(settled[-fifth:]) - statistics.median(settled[:fifth])


def measure(folder, options):
    seconds, settling = options.soak, min(SETTLING_SECONDS, options.soak / 4)
    with Double(options.bin) as double, Atelier(folder, double.port, options.bin, models=MODELS) as atelier:
        for name in ('failing', 'cut'):
            targets = [{'provider': 'openai', 'model': model} for model in (FAULTY[name], STEADY)]
            atelier.call('POST', '/api/routes', {'name': name, 'strategy': 'ordered', 'targets': targets})
        idle = memory_mib(atelier.process.pid)
        workers = [Worker(atelier, seed, time.monotonic() + seconds) for seed in range(WORKERS)]
        for worker in workers:
            worker.start()
        samples = watch(atelier, workers, seconds)
    counts, wrong = (sum((getattr(worker, name) for worker in workers), collections.Counter()) for name in ('counts', 'wrong'))
    print(f'{counts.total()} calls in {seconds} s by {WORKERS} callers: ' + ', '.join(f'{count} {kind}' for kind, count in sorted(counts.items())))
    table(['', '', 'bound'], [
        ['memory before, MiB', f'{idle:.2f}', '<= 30'],
        ['memory at most, MiB', f'{max(memory for _, memory, _ in samples):.2f}', '<= 64'],
        [f'growth after the first {settling:.0f} s, MiB', f'{growth_mib(samples, settling):.2f}', '< 1'],
        ['calls that did not end as they have to', wrong.total(), '0']])
    for what, count in wrong.most_common(10):
        print(f'  {count} x {what}')
