#!/usr/bin/env python3
"""Fifty people at once, for five minutes: what the API takes for what the page asks while they talk.

Each is a person who signed in by name and password, holds an event stream as the page does, and goes on doing one of four
things after a pause: says something and waits for the answer's end as the stream tells it; reads the list of models, the list
of threads, or a thread's last messages. Half of the threads they talk in have 200 messages from the start. Measured is each
call of the API, by the clock of who asks; what the model takes is in none of them, since a send is answered at once.

Usage: users.py [--bin DIR] [--users N] [--seconds S] [--pause S]
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

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'gateway'))
from servers import cpu_seconds, free_port, memory_mib, wait_for_port  # noqa: E402

TOKENS, GAP_MS = 40, 20
ANSWER_SECONDS = 30
PASSWORD = 'a password of the bench'
ENDED = ('complete', 'interrupted', 'failed', 'stopped')


class Connection:
    """One call after another on one connection."""
    def __init__(self, port):
        self.port = port
        self.headers = {}
        self.streams = None

    async def ask(self, method, path, body=None):
        """The status, the headers and the body; connects when it is first asked."""
        if not self.streams:
            self.streams = await asyncio.open_connection('127.0.0.1', self.port, limit=1 << 22)
        reader, writer = self.streams
        data = json.dumps(body).encode() if body is not None else b''
        fields = {'host': f'127.0.0.1:{self.port}', 'content-type': 'application/json', 'content-length': str(len(data)), **self.headers}
        writer.write(f'{method} {path} HTTP/1.1\r\n'.encode() + b''.join(f'{name}: {value}\r\n'.encode() for name, value in fields.items()) + b'\r\n' + data)
        head = (await reader.readuntil(b'\r\n\r\n')).decode('latin-1').split('\r\n')
        came = collections.defaultdict(list)
        for line in head[1:]:
            if line:
                name, value = line.split(':', 1)
                came[name.lower()].append(value.strip())
        answer = await reader.readexactly(int(came['content-length'][0])) if 'content-length' in came else b''
        return int(head[0].split(' ', 2)[1]), came, json.loads(answer) if answer else None

    def close(self):
        if self.streams:
            self.streams[1].close()
        self.streams = None


class Person:
    def __init__(self, port, name, figures):
        self.connection = Connection(port)
        self.name, self.figures = name, figures
        self.threads, self.ends = [], {}
        self.is_listening = asyncio.Event()

    async def ask(self, what, method, path, body=None, expected=200):
        began = time.perf_counter()
        status, headers, answer = await self.connection.ask(method, path, body)
        self.figures.times[what].append((time.perf_counter() - began) * 1000)
        if status != expected:
            self.figures.errors.append(f'{what}: {status} {str(answer)[:200]}')
        return headers, answer

    async def sign_in(self):
        status, headers, session = await self.connection.ask('POST', '/api/session', {'name': self.name, 'password': PASSWORD})
        if status != 200:
            raise SystemExit(f'signing in: {status} {session}')
        self.connection.headers = {'cookie': headers['set-cookie'][0].split(';')[0], 'x-csrf-token': session['csrf']}

    async def settle(self, model):
        """Two threads: a new one, and one with a history."""
        for has_history in (False, True):
            _, _, thread = await self.connection.ask('POST', '/api/threads', {'model': model})
            self.threads.append(thread['id'])
            if has_history:
                messages = [{'number': at, 'parent': at - 1, 'role': 'user' if at % 2 else 'assistant', 'parts': [{'type': 'text', 'text': f'{at}: ' + 'what was said before. ' * 20}]} for at in range(1, 201)]
                status, _, answer = await self.connection.ask('PUT', f'/api/threads/{thread["id"]}/messages', {'messages': messages})
                if status != 200:
                    raise SystemExit(f'a history: {status} {answer}')

    async def listen(self, port):
        reader, writer = await asyncio.open_connection('127.0.0.1', port, limit=1 << 22)
        writer.write(f'GET /api/events HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: text/event-stream\r\ncookie: {self.connection.headers["cookie"]}\r\n\r\n'.encode())
        head = await reader.readuntil(b'\r\n\r\n')
        if b' 200 ' not in head[:16]:
            raise SystemExit(f'events: {head[:60]!r}')
        rest = b''
        while size := int((await reader.readuntil(b'\r\n')).split(b';')[0], 16):
            rest += (await reader.readexactly(size + 2))[:-2]
            *events, rest = rest.split(b'\n\n')
            for event in events:
                fields = dict(line.split(b': ', 1) for line in event.split(b'\n') if b': ' in line and not line.startswith(b':'))
                if fields.get(b'event') == b'hello':
                    self.is_listening.set()
                elif fields.get(b'event') == b'message.changed':
                    self.heed(json.loads(fields[b'data'])['data'])
        self.figures.errors.append('an event stream ended')

    def heed(self, change):
        message, thread = change['message'], change['thread']
        if message['role'] == 'assistant' and message['state'] in ENDED and (waiting := self.ends.get((thread, message['number']))) and not waiting.done():
            waiting.set_result(message)

    async def say(self):
        thread = random.choice(self.threads)
        self.figures.sent += 1
        _, sent = await self.ask('send', 'POST', f'/api/threads/{thread}/messages', {'parts': [{'type': 'text', 'text': f'[say {TOKENS}]'}]}, 201)
        if 'messages' not in sent:
            return
        answer = sent['messages'][1]
        waiting = self.ends[(thread, answer['number'])] = asyncio.get_running_loop().create_future()
        try:
            message = await asyncio.wait_for(waiting, ANSWER_SECONDS)
        except asyncio.TimeoutError:
            self.figures.errors.append('an answer of which no end was told')
            return
        finally:
            del self.ends[(thread, answer['number'])]
        said = len(''.join(part['text'] for part in message['parts'] if part['type'] == 'text').split())
        if message['state'] == 'complete' and said == TOKENS:
            self.figures.whole += 1
        else:
            self.figures.errors.append(f'an answer that is {message["state"]}, with {said} words')

    async def live(self, until, pause):
        await asyncio.sleep(random.uniform(0, pause))
        while time.monotonic() < until:
            what = random.choices(['say', 'models', 'threads', 'history'], [4, 2, 2, 2])[0]
            if what == 'say':
                await self.say()
            elif what == 'models':
                await self.ask('models', 'GET', '/api/models')
            elif what == 'threads':
                await self.ask('threads', 'GET', '/api/threads')
            else:
                await self.ask('history', 'GET', f'/api/threads/{random.choice(self.threads)}')
            await asyncio.sleep(random.expovariate(1 / pause))


class Figures:
    def __init__(self):
        self.times = collections.defaultdict(list)
        self.errors = []
        self.sent = self.whole = 0


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def tell(figures, seconds):
    everything = [one for times in figures.times.values() for one in times]
    for what, times in [*sorted(figures.times.items()), ('all', everything)]:
        print(f'  {what:<8} {len(times):6} calls   p50 {statistics.median(times):7.2f}   p95 {quantile(times, 0.95):7.2f}   p99 {quantile(times, 0.99):7.2f}   most {max(times):7.2f} ms')
    print(f'  {len(everything) / seconds:.0f} calls/s; answers {figures.whole} of {figures.sent} whole; errors {len(figures.errors)} {figures.errors[:3]}')
    return not figures.errors and quantile(everything, 0.95) < 50 and quantile(everything, 0.99) < 150


async def measure(options, folder):
    double = subprocess.Popen([f'{options.bin}/provider-double', '--persona', 'openai'], stdout=subprocess.PIPE, text=True)
    upstream = int(double.stdout.readline().rsplit(':', 1)[1].split('/')[0])
    port = free_port()
    server = subprocess.Popen([f'{options.bin}/atelier', 'serve', '--listen', f'127.0.0.1:{port}', '--data-dir', folder, '--set', 'models.find_local=false'], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for_port(port)
        owner = Connection(port)
        calls = [('/api/providers', {'name': 'p', 'preset': 'openai_chat', 'base_url': f'http://127.0.0.1:{upstream}/v1', 'key': 'sk-double'})]
        calls += [('/api/users', {'name': f'person {at}', 'password': PASSWORD}) for at in range(options.users)]
        for path, body in calls:
            status, _, answer = await owner.ask('POST', path, body)
            if status != 201:
                raise SystemExit(f'{path}: {status} {answer}')
        figures = Figures()
        people = [Person(port, f'person {at}', figures) for at in range(options.users)]
        for person in people:
            await person.sign_in()
            await person.settle(f'p/double@token-gap={GAP_MS}')
        streams = [asyncio.create_task(person.listen(port)) for person in people]
        await asyncio.gather(*(person.is_listening.wait() for person in people))
        used, idle = cpu_seconds([server.pid]), memory_mib(server.pid)
        await asyncio.gather(*(person.live(time.monotonic() + options.seconds, options.pause) for person in people))
        is_right = tell(figures, options.seconds)
        print(f'  memory {idle:.0f} MiB before, {memory_mib(server.pid):.0f} MiB after; processor {100 * (cpu_seconds([server.pid]) - used) / options.seconds:.1f} % of a core')
        for stream in streams:
            stream.cancel()
        return is_right
    finally:
        server.kill()
        double.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--users', type=int, default=50)
    parser.add_argument('--seconds', type=int, default=300)
    parser.add_argument('--pause', type=float, default=1, help='the mean, in seconds')
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if not asyncio.run(measure(options, folder)):
            raise SystemExit('not as it must be')


if __name__ == '__main__':
    main()
