"""A real studio that is watched from outside while something is wrong with it: what bench/watch/alerts.py and
tests/e2e/test_alerts.py share. Everything is read over connections that were opened before anything was wrong."""

import contextlib
import http.client
import json
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / 'tests' / 'e2e'))

from studio import ATELIER, BIN, Server, clean_environment  # noqa: E402

LOOK_S = 0.1


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


def built_faults(folder):
    """The library of faults.c; None where there is no compiler."""
    library = Path(folder) / 'faults.so'
    try:
        subprocess.run(['cc', '-std=c17', '-O1', '-shared', '-fPIC', '-o', library, HERE / 'faults.c', '-ldl'], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return library


class Double:
    """The provider double as OpenAI, on a port that it keeps when it is started again."""

    def __init__(self, *options):
        self.port, self.options, self.process = free_port(), options, None
        self.start()

    def start(self):
        self.process = subprocess.Popen([BIN / 'provider-double', '--persona', 'openai', '--port', str(self.port), *self.options], stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self):
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process = None


class Studio(Server):
    """`settings` are as --set; with `faults`, the library, obey() has faults.c do something."""

    def __init__(self, folder, settings=None, double=None, faults=None, descriptors=None, reads_log=True):
        self.data_dir, self.faults_file = Path(folder) / 'data', Path(folder) / 'faults'
        self.log = tempfile.TemporaryFile('w+')
        settings = {'models.find_local': 'false'} | (settings or {})
        environment = {'XDG_CONFIG_HOME': str(Path(folder) / 'config')}
        if double:
            environment |= {'OPENAI_API_KEY': 'sk-double', 'OPENAI_BASE_URL': f'http://127.0.0.1:{double.port}/v1'}
        if faults:
            environment |= {'LD_PRELOAD': str(faults), 'BENCH_FAULTS': str(self.faults_file)}
        words = [word for name, value in settings.items() for word in ('--set', f'{name}={value}')]
        limit = (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))) if descriptors else None
        self.unread, errors = (None, self.log) if reads_log else os.pipe()
        self.process = subprocess.Popen([ATELIER, 'serve', '--listen', '127.0.0.1:0', '--data-dir', str(self.data_dir), *words], stdout=subprocess.PIPE,
                                        stderr=errors, text=True, env=clean_environment(environment), preexec_fn=limit)
        if not reads_log:
            os.close(errors)
        address = re.search(r'http://127\.0\.0\.1:(\d+)', self.process.stdout.readline())
        self.port = int(address.group(1)) if address else None

    def obey(self, **faults):
        beside = self.faults_file.with_suffix('.new')
        beside.write_text(''.join(f'{name} {value}\n' for name, value in faults.items()))
        beside.rename(self.faults_file)

    def stop(self, *arguments, **options):
        self.obey()
        if self.unread is not None:
            os.close(self.unread)
            self.unread = None
        return super().stop(*arguments, **options)

    def ask(self, model, words='hello', key=None):
        """The status of a call to a model."""
        return self.request('POST', '/v1/chat/completions', {'model': model, 'messages': [{'role': 'user', 'content': words}]}, key=key).status

    def flood(self, count, method='GET', path='/v1/models', body=None, lines=8, at_once=20):
        """So many equal requests, one after another on each of a few connections; how many were answered."""
        text = json.dumps(body).encode() if body is not None else b''
        head = f'{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n'
        request, answered = head.encode() + text, []

        def shoot(share):
            with socket.create_connection(('127.0.0.1', self.port), timeout=60) as line:
                while share > 0:
                    batch = min(share, at_once)
                    line.sendall(request * batch)
                    seen, tail = 0, b''
                    while seen < batch:
                        data = line.recv(1 << 18)
                        if not data:
                            return
                        seen += (tail + data).count(b'HTTP/1.1 ')
                        tail = data[-8:]
                    answered.append(batch)
                    share -= batch

        shooters = [threading.Thread(target=shoot, args=(count // lines,)) for _ in range(lines)]
        for shooter in shooters:
            shooter.start()
        for shooter in shooters:
            shooter.join()
        return sum(answered)


class Watch:
    """What fires and what is told, with when this process learned of it (monotonic seconds)."""

    def __init__(self, studio):
        self.studio, self.is_over = studio, threading.Event()
        self.firing, self.notices, self.seen = {}, [], {}
        self.line = http.client.HTTPConnection('127.0.0.1', studio.port, timeout=30)
        self.cursor, self.stream, self.events, self.heard_from = None, None, None, None
        self.open_stream()
        self.firing_now()
        self.threads = [threading.Thread(target=self.look, daemon=True), threading.Thread(target=self.hear, daemon=True)]
        for thread in self.threads:
            thread.start()

    def get(self, path):
        self.line.request('GET', path)
        answer = self.line.getresponse()
        body = answer.read()
        assert answer.status == 200, f'{path} -> {answer.status} {body[:300]!r}'
        return json.loads(body)

    def firing_now(self):
        return {(alert['kind'], alert['subject']): alert for alert in self.get('/api/performance/alerts?state=firing')['items']}

    def look(self):
        while not self.is_over.wait(LOOK_S):
            try:
                now = self.firing_now()
            except (OSError, http.client.HTTPException, AssertionError):
                self.line.close()
                continue
            for key, alert in now.items():
                self.seen.setdefault(key, (time.monotonic(), alert))
            self.firing = now

    def open_stream(self):
        """The event stream, from where it ended: each does after ten minutes or so."""
        self.stream = http.client.HTTPConnection('127.0.0.1', self.studio.port, timeout=3600)
        self.stream.request('GET', '/api/events?topics=alerts', headers={'Last-Event-ID': self.cursor} if self.cursor else {})
        self.heard_from = self.stream.sock
        self.events = self.stream.getresponse()

    def hear(self):
        while not self.is_over.wait(LOOK_S):
            with contextlib.suppress(OSError, ValueError, AttributeError, http.client.HTTPException):
                self.read_events()
                self.events.close()
                if not self.is_over.is_set():
                    self.open_stream()

    def read_events(self):
        while line := self.events.readline():
            if line.startswith(b'id: '):
                self.cursor = line[4:].decode().strip()
            if line.startswith(b'data: ') and b'"headline"' in line:
                notice = json.loads(line[6:])
                notice = notice.get('data', notice)
                if all(known['id'] != notice['id'] for _, known in self.notices):
                    self.notices.append((time.monotonic(), notice))

    def told(self, kind, what):
        """When a notice said that one of this kind was `what`: fired or resolved."""
        return [at for at, notice in list(self.notices) for alert in notice[what] if alert['kind'] == kind]

    def await_fired(self, kind, timeout_s):
        """When and which; (None, None) if none does in that time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for key, (at, alert) in list(self.seen.items()):
                if key[0] == kind:
                    return at, alert
            time.sleep(LOOK_S / 2)
        return None, None

    def await_resolved(self, kind, timeout_s):
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if all(key[0] != kind for key in self.firing):
                return time.monotonic()
            time.sleep(LOOK_S / 2)
        return None

    def end(self):
        self.is_over.set()
        self.threads[0].join()
        # The thread that hears waits in the stream, which is shut under it.
        with contextlib.suppress(OSError):
            self.heard_from.shutdown(socket.SHUT_RDWR)
        self.threads[1].join(5)
        for one in (self.line, self.events, self.stream):
            one.close()

    def all(self):
        """Every alert that ever fired, as the studio keeps them."""
        return self.studio.call('GET', '/api/performance/alerts?limit=100')['items']


def runbooks(studio):
    """The sections of the manual that alerts may lead to."""
    return {section['anchor'] for section in studio.call('GET', '/api/manual/operations')['sections'] if len(section['text']) > 100}

