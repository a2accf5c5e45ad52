#!/usr/bin/env python3
"""So many pages that watch a studio at once, while it works: that nobody misses an event, how late they come, what it takes.

Every client holds /api/events with all its topics, checks that positions come one after another (none missing, none twice, in
order), and comes back with its cursor after the planned close of eight to twelve minutes; anything else that ends a stream is a
fault. At the end each has to be where the log is. Meanwhile a generation is begun every second (a job of two seconds at the
provider double, which tells its progress), and a thread is renamed about once a second to the time of asking for it (CLOCK_MONOTONIC).

Delivery is from sending that request to the client's read of what it caused: the request's way, the commit, and its turn among
all clients are in it. What a reconnect replays is counted and checked, and not in the delays. `last client` is from the first
live client to the last one that got the same event, over all events. Memory is the server's own process, RSS with its shared
pages (PSS beside it); workers are processes of their own. The kernel's buffers for sockets are in neither.

A server takes 256 connections of one address and 10,000 in all unless told otherwise: here it is told, as its operator would,
with server.connections_per_peer_max and server.connections_max.

Usage: streams.py [--bin DIR] [--clients N] [--minutes M] [--idle-seconds S] [--per-second G] [--json FILE]
"""
import argparse
import asyncio
import collections
import json
import pathlib
import random
import re
import resource
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / 'gateway'))
sys.path.insert(0, str(HERE.parent / 'chat'))
from servers import cpu_seconds, free_port, memory_mib, wait_for_port  # noqa: E402
from users import Connection  # noqa: E402

JOB_MS = 2000
MODEL = 'bfl/flux-dev'  # the double tells its progress
OWN_CONNECTIONS = 64  # of this program, beside the clients
CLIENTS_A_SECOND = 2000
MEMORY_MIB = {500: 64, 10_000: 128}
DELIVERY_MS, CONNECTION_KB = 100, 10


def pss_mib(pid):
    return int(re.search(r'^Pss:\s+(\d+)', pathlib.Path(f'/proc/{pid}/smaps_rollup').read_text(), re.M).group(1)) / 1024


def descriptors(pid):
    return sum(1 for _ in pathlib.Path(f'/proc/{pid}/fd').iterdir())


class Samples:
    """The server once a second, until cancelled."""
    def __init__(self, pid):
        self.pid, self.rss, self.pss, self.descriptors = pid, [], [], []

    def take(self):
        self.rss.append(memory_mib(self.pid))
        self.pss.append(pss_mib(self.pid))
        self.descriptors.append(descriptors(self.pid))

    async def go_on(self):
        while True:
            self.take()
            await asyncio.sleep(1)


class Work:
    """What goes on meanwhile: generations, and one thread that is renamed."""
    def __init__(self, port):
        self.port, self.owner = port, Connection(port)
        self.ends, self.errors, self.renamed = collections.Counter(), [], 0

    async def prepare(self, upstream):
        status, _, answer = await self.owner.ask('POST', '/api/providers', {'name': 'bfl', 'preset': 'bfl', 'base_url': f'{upstream}/bfl/v1', 'key': 'sk-double'})
        if status != 201:
            raise SystemExit(f'the provider: {status} {answer}')
        _, _, thread = await self.owner.ask('POST', '/api/threads', {'model': 'none'})
        self.thread = thread['id']
        await self.make('a lamp before all others')  # what making loads once belongs to no client
        if not self.ends['succeeded']:
            raise SystemExit(f'the first generation: {dict(self.ends)} {self.errors}')
        self.ends.clear()

    async def make(self, prompt):
        connection = Connection(self.port)
        try:
            status, _, begun = await connection.ask('POST', '/api/generations', {'kind': 'image', 'model': MODEL, 'prompt': f'{prompt} [takes {JOB_MS}]'})
            if status != 202:
                self.errors.append(f'begin: {status} {begun}')
                return
            while True:
                await asyncio.sleep(0.5)
                status, _, now = await connection.ask('GET', f'/api/generations/{begun["id"]}')
                if status == 200 and now['state'] != 'running':
                    break
            self.ends[now['state']] += 1
        finally:
            connection.close()

    async def rename(self, until):
        due = time.monotonic()
        while (due := due + random.uniform(0.5, 1.5)) < until:  # in no step with the generations
            await asyncio.sleep(max(0, due - time.monotonic()))
            status, _, answer = await self.owner.ask('PATCH', f'/api/threads/{self.thread}', {'title': f'asked at {time.monotonic_ns()}'})
            self.renamed += 1
            if status != 200:
                self.errors.append(f'rename: {status} {answer}')

    async def generate(self, until, per_second):
        due, made = time.monotonic(), set()
        while per_second > 0 and (due := due + 1 / per_second) < until:
            await asyncio.sleep(max(0, due - time.monotonic()))
            made.add(task := asyncio.create_task(self.make(f'a lamp at {due:.1f}')))
            task.add_done_callback(made.discard)
        await asyncio.gather(*made)

    async def last_position(self):
        """Where the log is: what a stream that begins now is greeted with."""
        reader, writer = await asyncio.open_connection('127.0.0.1', self.port)
        writer.write(f'GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\n\r\n'.encode())
        greeting = await reader.readuntil(b'event: hello\n')
        writer.close()
        return int(re.search(rb'^id: \S+-(\d+)$', greeting, re.M).group(1))


async def measure(options, folder):
    double = subprocess.Popen([f'{options.bin}/provider-double'], stdout=subprocess.PIPE, text=True)
    upstream = double.stdout.readline().strip()
    port, most = free_port(), options.clients + OWN_CONNECTIONS
    server = subprocess.Popen([f'{options.bin}/atelier', 'serve', '--listen', f'127.0.0.1:{port}', '--data-dir', folder, '--set', 'models.find_local=false',
                               '--set', f'server.connections_max={max(10_000, most)}', '--set', f'server.connections_per_peer_max={max(256, most)}'],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = [double, server]
    try:
        wait_for_port(port)
        work = Work(port)
        await work.prepare(upstream)
        await asyncio.sleep(3)
        before, before_pss = memory_mib(server.pid), pss_mib(server.pid)

        watchers = await asyncio.create_subprocess_exec(f'{options.bin}/bench_streams', '--port', str(port), '--clients', str(options.clients), '--start-seconds', str(max(0.5, options.clients / CLIENTS_A_SECOND)),
                                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(watchers)
        if (said := await watchers.stdout.readline()) != b'connected\n':
            raise SystemExit(f'the clients could not all connect: {said!r}')
        await asyncio.sleep(options.idle_seconds)
        idle, idle_pss = memory_mib(server.pid), pss_mib(server.pid)
        print(f'  {options.clients} idle streams: {idle:.1f} MiB, {(idle - before) * 1024 / options.clients:.2f} KiB a stream (before them {before:.1f} MiB)', flush=True)

        samples, began = Samples(server.pid), time.monotonic()
        used, used_by_clients = cpu_seconds([server.pid]), cpu_seconds([watchers.pid])
        sampling = asyncio.create_task(samples.go_on())
        until = began + options.minutes * 60
        watchers.stdin.write(b'count\n')
        await asyncio.gather(work.rename(until), work.generate(until, options.per_second))
        seconds = time.monotonic() - began
        used, used_by_clients = cpu_seconds([server.pid]) - used, cpu_seconds([watchers.pid]) - used_by_clients
        await asyncio.sleep(1)  # for what is told after a generation's end
        watchers.stdin.write(f'end {await work.last_position()}\n'.encode())
        seen = json.loads(await watchers.stdout.readline())
        sampling.cancel()
        await watchers.wait()
        if server.poll() is not None:
            raise SystemExit(f'the server ended with {server.returncode}')
    finally:
        for process in reversed(started):
            if (process.returncode if process is not server else server.poll()) is None:
                process.kill()
    return seen | {
        'clients': options.clients, 'minutes': round(seconds / 60, 2), 'generations': dict(work.ends), 'renamed': work.renamed, 'errors': work.errors,
        'rss_before_mib': before, 'rss_idle_mib': idle, 'rss_most_mib': max(samples.rss), 'rss_end_mib': samples.rss[-1],
        'pss_before_mib': before_pss, 'pss_idle_mib': idle_pss, 'pss_most_mib': max(samples.pss), 'descriptors': max(samples.descriptors),
        'stream_kib': (idle - before) * 1024 / options.clients, 'cpu_percent': 100 * used / seconds, 'clients_cpu_percent': 100 * used_by_clients / seconds}


def tell(one):
    """Prints the figures; whether they are within what was promised."""
    dropped = one['missing'] + one['told_missing'] + one['behind']
    made, good = sum(one['generations'].values()), one['generations'].get('succeeded', 0)
    bound = MEMORY_MIB.get(one['clients'])
    rows = [
        ('events delivered', f'{one["events"] + one["told"]} ({one["positions"]} positions; {one["told"]} told of progress; {one["replayed"]} replayed after a reconnect)', ''),
        ('missing / twice / out of step at the end', f'{one["missing"] + one["told_missing"]} / {one["doubled"]} / {one["behind"]}', '0'),
        ('reconnects after the planned close', f'{one["reconnects"]}', ''),
        ('other faults of streams', f'{one["faults"]} {one["fault"]}', '0'),
        ('delivery of a change a second, p50 / p99 / most', f'{one["p50_ms"]:.2f} / {one["p99_ms"]:.2f} / {one["most_ms"]:.2f} ms', f'p99 {DELIVERY_MS} ms'),
        ('from the first to the last client, p50 / p99', f'{one["last_client_p50_ms"]:.2f} / {one["last_client_p99_ms"]:.2f} ms', ''),
        ('memory before / with them idle / most', f'{one["rss_before_mib"]:.1f} / {one["rss_idle_mib"]:.1f} / {one["rss_most_mib"]:.1f} MiB', f'{bound} MiB' if bound else ''),
        ('the same, PSS', f'{one["pss_before_mib"]:.1f} / {one["pss_idle_mib"]:.1f} / {one["pss_most_mib"]:.1f} MiB', ''),
        ('an idle stream', f'{one["stream_kib"]:.2f} KiB', f'{CONNECTION_KB} KB'),
        ('processor: the server / the clients', f'{one["cpu_percent"]:.1f} / {one["clients_cpu_percent"]:.1f} % of a core', ''),
        ('descriptors of the server, most', f'{one["descriptors"]}', ''),
        ('generations that succeeded', f'{good} of {made}; {len(one["errors"])} errors {one["errors"][:2] or ""}', '')]
    for what, figure, limit in rows:
        print(f'  {what:<50} {figure}' + (f'   bound {limit}' if limit else ''))
    return (dropped + one['doubled'] + one['faults'] == 0 and one['p99_ms'] <= DELIVERY_MS and good == made and not one['errors']
            and one['stream_kib'] * 1.024 <= CONNECTION_KB and (bound is None or one['rss_most_mib'] <= bound))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--clients', type=int, default=500)
    parser.add_argument('--minutes', type=float, default=30)
    parser.add_argument('--idle-seconds', type=float, default=5)
    parser.add_argument('--per-second', type=float, default=1, help='generations begun')
    parser.add_argument('--json')
    options = parser.parse_args()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if limit != resource.RLIM_INFINITY and limit < options.clients + 512:
        raise SystemExit(f'{options.clients} clients need more than the {limit} descriptors that this shell may have: ulimit -Hn')
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))  # the server and the clients inherit it
    print(f'{options.clients} event streams for {options.minutes:g} min, {options.per_second:g} generations a second', flush=True)
    with tempfile.TemporaryDirectory(prefix='atelier-bench-', ignore_cleanup_errors=True) as folder:
        figures = asyncio.run(measure(options, folder))
    is_right = tell(figures)
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps(figures, indent=1) + '\n')
    sys.exit(0 if is_right else 1)


if __name__ == '__main__':
    main()
