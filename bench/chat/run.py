#!/usr/bin/env python3
"""What talking costs in a long thread: taking it in, opening it, and from a send to the provider's first byte.

The thread has 10,000 messages of 2 kB (20 MB). The provider is a socket in this process that notes when the first byte of
a request came, and answers at once. What the gateway takes itself is the same request, as the provider got it, sent to
/v1/chat/completions in turns with the sends.

Usage: run.py [--bin DIR] [--sends N]
"""
import argparse
import http.client
import json
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'gateway'))
from servers import free_port, memory_mib, wait_for_port  # noqa: E402

MESSAGES, MESSAGE_BYTES, SLICE = 10_000, 2_000, 1_000
MODELS = b'{"object":"list","data":[{"id":"bench","object":"model","context_length":128000}]}'
ANSWER = (b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{"role":"assistant","content":"Yes."},"finish_reason":null}]}\n\n'
          b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}\n\n'
          b'data: [DONE]\n\n')


class Upstream:
    """One request at a time is asked of it."""
    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.came = threading.Event()
        self.first_byte = 0.0
        self.body = b''
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        while True:
            data = connection.recv(1 << 20)
            first = time.perf_counter()
            if not data:
                return
            while b'\r\n\r\n' not in data:
                data += connection.recv(1 << 20)
            head, body = data.split(b'\r\n\r\n', 1)
            size = next((int(line.split(b':')[1]) for line in head.split(b'\r\n') if line.lower().startswith(b'content-length')), 0)
            while len(body) < size:
                body += connection.recv(1 << 20)
            if head.startswith(b'GET'):
                connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s' % (len(MODELS), MODELS))
                continue
            self.first_byte, self.body = first, body
            self.came.set()
            connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%s' % (len(ANSWER), ANSWER))


class Studio:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection('127.0.0.1', port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=None):
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        self.connection.request(method, path, body=data, headers={'content-type': 'application/json'})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise SystemExit(f'{method} {path}: {response.status} {answer[:300]}')
        return answer


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def line(what, values_ms, bound=''):
    print(f'  {what:<52} p50 {statistics.median(values_ms):8.2f} ms   p99 {quantile(values_ms, 0.99):8.2f} ms   {bound}', flush=True)


def await_idle(studio, thread):
    while json.loads(studio.ask('GET', f'/api/threads/{thread}?window=1'))['thread']['state'] != 'idle':
        time.sleep(0.002)


def sends(studio, upstream, thread, count):
    """From a send's first byte to the provider's: through the thread, and the same request through the gateway alone."""
    through, alone = [], []
    for at in range(count):
        upstream.came.clear()
        began = time.perf_counter()
        studio.ask('POST', f'/api/threads/{thread}/messages', {'parts': [{'type': 'text', 'text': f'And then, {at}?'}]})
        upstream.came.wait(10)
        through.append((upstream.first_byte - began) * 1000)
        body = upstream.body.replace(b'"model":"bench"', b'"model":"b/bench"', 1)
        await_idle(studio, thread)
        upstream.came.clear()
        began = time.perf_counter()
        studio.ask('POST', '/v1/chat/completions', body)
        upstream.came.wait(10)
        alone.append((upstream.first_byte - began) * 1000)
    return through, alone, len(upstream.body)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--sends', type=int, default=300)
    options = parser.parse_args()
    upstream, port = Upstream(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([f'{options.bin}/atelier', 'serve', '--listen', f'127.0.0.1:{port}', '--data-dir', folder],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            studio = Studio(port)
            studio.ask('POST', '/api/providers', {'name': 'b', 'preset': 'openai_chat', 'base_url': f'http://127.0.0.1:{upstream.port}/v1', 'key': 'k'})
            short = json.loads(studio.ask('POST', '/api/threads', {'model': 'b/bench'}))['id']
            thread = json.loads(studio.ask('POST', '/api/threads', {'model': 'b/bench'}))['id']
            words = ' '.join(f'word{at}' for at in range(MESSAGE_BYTES // 7))[:MESSAGE_BYTES]
            taken = []
            for first in range(1, MESSAGES + 1, SLICE):
                body = json.dumps({'messages': [{'number': at, 'parent': at - 1, 'role': 'user' if at % 2 else 'assistant',
                                                 'parts': [{'type': 'text', 'text': f'{at}: {words}'}]} for at in range(first, first + SLICE)]})
                began = time.perf_counter()
                studio.ask('PUT', f'/api/threads/{thread}/messages', body)
                taken.append((time.perf_counter() - began) * 1000)
            line(f'{SLICE} messages of {MESSAGE_BYTES} bytes taken in', taken, '<= 100')
            opened = []
            for _ in range(options.sends):
                began = time.perf_counter()
                size = len(studio.ask('GET', f'/api/threads/{thread}'))
                opened.append((time.perf_counter() - began) * 1000)
            line(f'opened, with the tree of {MESSAGES} ({size / 1024:.0f} KiB)', opened)
            for name, which in (('empty thread', short), (f'thread of {MESSAGES}', thread)):
                through, alone, size = sends(studio, upstream, which, options.sends)
                line(f'{name}: send to provider ({size / 1024:.0f} KiB sent)', through)
                line('  the same through the gateway alone', alone)
                print(f'  {"  beyond the gateway, p99 against p99":<52} {quantile(through, 0.99) - quantile(alone, 0.99):12.2f} ms   {"<= 5 ms" if which == thread else ""}')
            print(f'  resident {memory_mib(server.pid):.1f} MiB')
        finally:
            server.terminate()
            server.wait()


if __name__ == '__main__':
    main()
