"""Alerts of those it works with: clients, providers, receivers of webhooks, media workers."""

import contextlib
import http.server
import os
import signal
import socket
import threading
import time

from alert_cause import cause
from alert_room import free_port
from studio import children_of

REFUSED_CALLS, FAILED_CALLS = 60, 15


@cause('burn_rate', '15 calls fail, each after five tries (16 s); then 20,000 requests succeed', r'^"Gateway calls without a server error" spends its error budget [\d.]+ times too fast over 1 h \(1\d of 1\d were bad\)', 45, 480, severity='page',
       beside=('breaker_open',))
def failing_calls(room):
    double = room.double()
    studio = room.studio(double=double)
    yield studio
    callers = [threading.Thread(target=studio.ask, args=(f'openai/m{number}@500',)) for number in range(FAILED_CALLS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    yield
    studio.flood(20_000)
    yield


@cause('pool_exhausted', '80 connections where 60 may be open', r'^\d+ connections were refused: as many are open as there may be \(60\)\.$', 4, 70, severity='page')
def many_connections(room):
    studio = room.studio({'server.connections_max': 60})
    yield studio
    lines = []
    for _ in range(80):
        with contextlib.suppress(OSError):
            lines.append(socket.create_connection(('127.0.0.1', studio.port), timeout=5))
            room.on_end(lines[-1].close)
    yield
    for line in lines:
        line.close()
    yield


@cause('limiter_overflow', 'a key that may ask ten times a minute asks 70 times', r"^Keys' limits refused 60 of \d+ calls in five minutes; the limit is 10 %\.$", 40, 640, beside=('burn_rate',))
def greedy_key(room):
    double = room.double()
    studio = room.studio(double=double)
    key = studio.call('POST', '/api/keys', {'name': 'greedy', 'requests_per_minute': 10})['secret']
    yield studio
    for _ in range(10 + REFUSED_CALLS):
        studio.ask('openai/m', key=key)
    yield


@cause('breaker_open', 'the provider is killed, and asked', r'^openai is not asked for a while, since it kept failing: m\. It said last: provider_unreachable$', 30, 100)
def dead_provider(room):
    double = room.double()
    studio = room.studio(double=double)
    studio.ask('openai/m')
    yield studio
    double.stop()
    studio.ask('openai/m')  # tries it five times
    yield
    double.start()
    room.repeat(lambda: studio.ask('openai/m'), 5)
    yield


@cause('provider_key', 'a provider is given a key that it refuses', r'^p refuses our key or account, for m\. It said last: \w+$', 4, 15, severity='page')
def wrong_key(room):
    double = room.double()
    studio = room.studio()
    provider = {'name': 'p', 'preset': 'openai', 'base_url': f'http://127.0.0.1:{double.port}/v1', 'key': 'sk-wrong'}
    studio.call('POST', '/api/providers', provider)
    yield studio
    studio.ask('p/m')
    yield
    provider.pop('name')
    studio.call('PUT', '/api/providers/p', provider | {'key': 'sk-double'}, headers={'If-Match': '"1"'})
    studio.ask('p/m')
    yield


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers['Content-Length']))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


@cause('webhook_failing', 'six webhooks to a port where nobody listens', r'^\d+ attempts to deliver webhooks failed in five minutes, 0 were taken; the limit is 5\.$', 30, 640)
def dead_receiver(room):
    port = free_port()
    studio = room.studio({'network.reachable': f'127.0.0.1:{port}'})
    yield studio
    for _ in range(6):
        endpoint = studio.call('POST', '/api/webhook-endpoints', {'url': f'http://127.0.0.1:{port}/', 'types': ['asset.created']})
        studio.call('POST', f'/api/webhook-endpoints/{endpoint["id"]}/test')
    yield
    receiver = http.server.ThreadingHTTPServer(('127.0.0.1', port), Receiver)
    room.on_end(receiver.server_close)
    room.on_end(receiver.shutdown)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    yield


@cause('worker_kills', 'a media worker is killed', r'^Media workers died: 1 crashed; 1 since the start\.$', 5, 310)
def killed_worker(room):
    studio = room.studio()
    deadline = time.monotonic() + 10
    while not (workers := children_of(studio.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    yield studio
    os.kill(workers[0], signal.SIGKILL)
    yield
