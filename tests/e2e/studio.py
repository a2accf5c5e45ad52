"""What the end-to-end tests share: running atelier, a server of one's own, its API, and reading an MP4's boxes."""

import http.client
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

BIN = Path(os.environ.get('ATELIER_BIN', Path(__file__).resolve().parents[2] / 'build' / 'release' / 'bin'))
ATELIER = str(BIN / 'atelier')
ENDINGS = ('.mp4', '.srt', '.vtt', '.ass', '.jpg', '.json')

TWO_SCENES = 'The lamp keeper climbed the stairs.\n\nAt the top the wind was waiting.\n'


def clean_environment(extra=None):
    """Without the caller's own settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith('ATELIER_')}
    environment.update(extra or {})
    return environment


def atelier(*arguments, timeout_s=120, **options):
    return subprocess.run([ATELIER, *map(str, arguments)], capture_output=True, text=True, timeout=timeout_s,
                          env=clean_environment(options.pop('environment', None)), **options)


def ffprobe(path, *arguments):
    answer = subprocess.run(['ffprobe', '-v', 'error', '-of', 'json', *arguments, str(path)],
                            capture_output=True, text=True, timeout=60, check=True)
    assert answer.stderr == '', answer.stderr
    return json.loads(answer.stdout)


def frame_hashes(path, stream='v'):
    answer = subprocess.run(['ffmpeg', '-v', 'error', '-threads', '1', '-i', str(path), '-map', f'0:{stream}', '-f', 'framemd5', '-'],
                            capture_output=True, text=True, timeout=60, check=True)
    return [line.split(',')[-1].strip() for line in answer.stdout.splitlines() if not line.startswith('#')]


def loudness(path):
    """Integrated loudness (LUFS) and true peak (dBTP) of a file as it is."""
    answer = subprocess.run(['ffmpeg', '-nostats', '-i', str(path), '-map', '0:a', '-af', 'ebur128=peak=true', '-f', 'null', '-'],
                            capture_output=True, text=True, timeout=60, check=True)
    summary = answer.stderr[answer.stderr.rindex('Summary:'):]
    return (float(re.search(r'I:\s+(-?[\d.]+) LUFS', summary).group(1)),
            float(re.search(r'Peak:\s+(-?[\d.]+) dBFS', summary).group(1)))


_CONTAINERS = {b'moov', b'trak', b'mdia', b'minf', b'stbl', b'edts'}


def boxes(data, start=0, end=None, prefix=''):
    """Paths of an MP4's boxes in order, with where each one's content lies: ('moov/trak/edts', from, to)."""
    end = len(data) if end is None else end
    found = []
    while start + 8 <= end:
        size, kind = struct.unpack_from('>I4s', data, start)
        head = 8
        if size == 1:
            size, head = struct.unpack_from('>Q', data, start + 8)[0], 16
        if size == 0:
            size = end - start
        assert size >= head and start + size <= end, f'box {kind} at {start} leaves its parent'
        path = prefix + kind.decode('latin-1')
        found.append((path, start + head, start + size))
        if kind in _CONTAINERS:
            found += boxes(data, start + head, start + size, path + '/')
        start += size
    assert start == end, 'bytes after the last box'
    return found


def children_of(pid):
    """Child processes of all threads, by pid."""
    found = []
    for task in Path(f'/proc/{pid}/task').glob('*/children'):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            pass
    return sorted(set(found))


def memory_kib(pid, field='VmRSS'):
    for line in Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(field + ':'):
            return int(line.split()[1])
    return 0


def is_zombie(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] == 'Z'
    except OSError:
        return False


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class Server:
    """An `atelier serve` on a free port. As a context manager it ends with the block."""

    def __init__(self, data_dir, *arguments, environment=None):
        self.data_dir = Path(data_dir)
        self.log = tempfile.TemporaryFile('w+')
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(
            [ATELIER, 'serve', '--listen', '127.0.0.1:0', '--data-dir', str(data_dir), *arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=clean_environment(environment))
        line = self.process.stdout.readline()
        address = re.search(r'http://127\.0\.0\.1:(\d+)', line)
        self.port = int(address.group(1)) if address else None

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        assert self.port, f'the server did not start: {self.read_log()}'
        return self

    def __exit__(self, *_):
        self.stop()

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self, signal_number=signal.SIGTERM, timeout_s=20):
        """Ends the server; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process.stdout.close()
            self.log.close()

    def request(self, method, path, body=None, headers=None, key=None):
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        headers = dict(headers or {})
        if key:
            headers['Authorization'] = f'Bearer {key}'
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers.setdefault('Content-Type', 'application/json')
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def call(self, method, path, body=None, **options):
        """The JSON of an answer that has to be a success."""
        answer = self.request(method, path, body, **options)
        assert answer.status < 300, f'{method} {path} -> {answer.status} {answer.body[:500]!r}'
        return answer.json() if answer.body else None

    def render(self, story, **settings):
        """Starts a render; ids of production and run."""
        production = self.call('POST', '/api/productions', {'story': story, 'settings': settings})
        run = self.call('POST', f'/api/productions/{production["id"]}/render')
        return production['id'], run['id']

    def wait_for(self, run_id, timeout_s=120):
        """The run, once it has ended."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            run = self.call('GET', f'/api/runs/{run_id}')
            if run['state'] != 'running':
                return run
            time.sleep(0.05)
        raise AssertionError(f'the run did not end in {timeout_s} s: {json.dumps(run)[:2000]}')

    def file(self, production_id, name='video.mp4'):
        answer = self.request('GET', f'/api/productions/{production_id}/files/{name}')
        assert answer.status == 200, answer.body
        return answer.body


class StudioTest(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix='atelier-e2e-'))
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.output = self.folder / 'out'
        self.output.mkdir()

    def write_story(self, text, name='story.md'):
        path = self.folder / name
        path.write_text(text)
        return path

    def make(self, story, *arguments, data='data', output='short.mp4', **options):
        return atelier('make', story, '-o', self.output / output, '--size', '1080x1080', '--fps', '24',
                       '--data-dir', self.folder / data, *arguments, **options)
