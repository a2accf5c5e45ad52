#!/usr/bin/env python3
"""A hundred people at once, for two minutes, with ten generations running at every moment: what the API takes for what the
page asks meanwhile, and how many generations end well; once at a sound provider, once at one that fails every tenth request
(of submissions, questions and downloads alike).

Each person looks at a list of generations, at one, at the library, or at what can be made with, after a pause. A generation is
a picture at the provider double, a job of two seconds. A failure is whatever is not `succeeded`.

Usage: users.py [--bin DIR] [--users N] [--seconds S] [--pause S] [--running N]
"""
import argparse
import asyncio
import collections
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / 'gateway'))
sys.path.insert(0, str(HERE.parent / 'chat'))
from servers import cpu_seconds, free_port, memory_mib, wait_for_port  # noqa: E402
from users import Connection, quantile  # noqa: E402

JOB_MS = 2000
MODEL = 'replicate/black-forest-labs/flux-schnell'
# Every tenth request fails, in one of the ways that say that nothing was done.
FAULTS = [{'fault': '503', 'persona': 'replicate', 'probability': 0.04}, {'fault': '429', 'persona': 'replicate', 'probability': 0.03},
          {'fault': '500', 'persona': 'replicate', 'probability': 0.03}]


class Figures:
    def __init__(self):
        self.times = collections.defaultdict(list)
        self.errors, self.ends = [], collections.Counter()
        self.made = []

    def quantile(self, share):
        return quantile([one for times in self.times.values() for one in times], share)


class Person:
    def __init__(self, port, figures):
        self.connection, self.figures = Connection(port), figures

    async def ask(self, what, method, path, body=None, expected=200):
        began = time.perf_counter()
        status, _, answer = await self.connection.ask(method, path, body)
        self.figures.times[what].append((time.perf_counter() - began) * 1000)
        if status != expected:
            self.figures.errors.append(f'{what}: {status} {str(answer)[:200]}')
        return answer

    async def look(self, until, pause):
        await asyncio.sleep(random.uniform(0, pause))
        while time.monotonic() < until:
            what = random.choice(['list', 'one', 'library', 'models'])
            if what == 'list':
                await self.ask(what, 'GET', '/api/generations?limit=20')
            elif what == 'one' and self.figures.made:
                await self.ask(what, 'GET', f'/api/generations/{random.choice(self.figures.made)}')
            elif what == 'library':
                await self.ask(what, 'GET', '/api/assets/rows?limit=100')
            else:
                await self.ask('models', 'GET', '/api/generations/models?kind=image')
            await asyncio.sleep(random.expovariate(1 / pause))

    async def make(self, until, number):
        """One generation after another."""
        count = 0
        while time.monotonic() < until:
            count += 1
            body = {'kind': 'image', 'model': MODEL, 'prompt': f'a lamp, {number}-{count}. [takes {JOB_MS}]', 'ratio': '1:1'}
            begun = await self.ask('begin', 'POST', '/api/generations', body, 202)
            if 'id' not in begun:
                continue
            self.figures.made.append(begun['id'])
            while True:
                await asyncio.sleep(0.25)
                status, _, now = await self.connection.ask('GET', f'/api/generations/{begun["id"]}')
                if status == 200 and now['state'] != 'running':
                    break
            self.figures.ends[now['state']] += 1
            if now['state'] != 'succeeded':
                self.figures.errors.append(f'{now["state"]}: {(now["error"] or {}).get("message")}')


async def measure(options, faults, folder):
    double = subprocess.Popen([f'{options.bin}/provider-double'], stdout=subprocess.PIPE, text=True)
    upstream = double.stdout.readline().strip()
    port = free_port()
    server = subprocess.Popen([f'{options.bin}/atelier', 'serve', '--listen', f'127.0.0.1:{port}', '--data-dir', folder, '--set', 'models.find_local=false'],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        owner = Connection(port)
        status, _, answer = await owner.ask('POST', '/api/providers', {'name': 'replicate', 'preset': 'replicate', 'base_url': f'{upstream}/replicate/v1', 'key': 'sk-double'})
        if status != 201:
            raise SystemExit(f'the provider: {status} {answer}')
        control = Connection(int(upstream.rsplit(':', 1)[1]))
        await control.ask('POST', '/control', {'rules': faults, 'seed': 1})
        figures = Figures()
        until = time.monotonic() + options.seconds
        used, idle = cpu_seconds([server.pid]), memory_mib(server.pid)
        await asyncio.gather(*(Person(port, figures).look(until, options.pause) for _ in range(options.users)),
                             *(Person(port, figures).make(until, number) for number in range(options.running)))
        for what, times in sorted(figures.times.items()):
            print(f'  {what:<8} {len(times):6} calls   p50 {statistics.median(times):7.2f}   p95 {quantile(times, 0.95):7.2f}   p99 {quantile(times, 0.99):7.2f}   most {max(times):7.2f} ms')
        ended = sum(figures.ends.values())
        good = figures.ends['succeeded']
        calls = sum(len(times) for times in figures.times.values())
        print(f'  all: {calls / options.seconds:.0f} calls/s, p95 {figures.quantile(0.95):.2f} ms; generations {good} of {ended} succeeded ({100 * good / max(ended, 1):.2f} %); errors {len(figures.errors)} {figures.errors[:3]}')
        print(f'  memory {idle:.0f} MiB before, {memory_mib(server.pid):.0f} MiB after; processor {100 * (cpu_seconds([server.pid]) - used) / options.seconds:.1f} % of a core')
        return figures.quantile(0.95) < 100 and good >= ended * (0.995 if faults else 1)
    finally:
        server.kill()
        double.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--users', type=int, default=100)
    parser.add_argument('--seconds', type=int, default=120)
    parser.add_argument('--pause', type=float, default=1)
    parser.add_argument('--running', type=int, default=10)
    options = parser.parse_args()
    is_right = True
    for name, faults in (('a sound provider', []), ('every tenth request fails', FAULTS)):
        print(f'{options.users} people for {options.seconds} s, {options.running} generations at every moment, {name}')
        with tempfile.TemporaryDirectory(prefix='atelier-bench-') as folder:
            is_right &= asyncio.run(measure(options, faults, folder))
    sys.exit(0 if is_right else 1)


if __name__ == '__main__':
    main()
