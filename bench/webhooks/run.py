#!/usr/bin/env python3
"""How soon others are told of what happens, and how long a provider waits that tells us of a job.

Out: files are kept at a steady rate, each of which is told of. The receiver is a process of its own that notes when the first byte
of a request came. What is measured goes from the answer that says that the file was kept, which leaves right after the commit, to
that byte, and so holds the commit of what is to be sent, and the sending. The bound is 50 ms at the 99th percentile.

In: a signed webhook, from its first byte to the answer's last, over a connection that is kept; the answer comes after what was
said is on disk. Beside it the same with a signature that is wrong. The bound is 5 ms.

Usage: run.py [--bin DIR] [--events N] [--rate PER_SECOND] [--endpoints N]
"""
import argparse
import base64
import hashlib
import hmac
import http.client
import json
import multiprocessing
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

SECRET = bytes(range(32))


def pixel(number):
    """A GIF of one pixel, each of another colour."""
    return (b'GIF89a\x01\0\x01\0\x80\0\0' + number.to_bytes(3, 'little') + b'\0\0\0'
            + b'\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b')


def receive(pipe):
    """Tells for each webhook when its first byte came (seconds since 1970), and of what it tells."""
    listener = socket.create_server(('127.0.0.1', 0))
    pipe.send(listener.getsockname()[1])

    def serve(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            data = connection.recv(1 << 16)
            came = time.time()
            if not data:
                return
            while b'\r\n\r\n' not in data:
                data += connection.recv(1 << 16)
            head, body = data.split(b'\r\n\r\n', 1)
            size = int(re.search(rb'(?im)^content-length: *(\d+)', head).group(1))
            while len(body) < size:
                body += connection.recv(1 << 16)
            connection.sendall(b'HTTP/1.1 204 No Content\r\n\r\n')
            pipe.send((came, json.loads(body)['data']['id']))

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def quantile(values, share):
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def line(what, values_ms, bound=''):
    print(f'  {what:<56} p50 {statistics.median(values_ms):7.2f} ms   p99 {quantile(values_ms, 0.99):7.2f} ms   '
          f'max {max(values_ms):7.2f} ms   {bound}', flush=True)


class Studio:
    def __init__(self, options, folder, *settings):
        command = [pathlib.Path(options.bin) / 'atelier', 'serve', '--listen', '127.0.0.1:0', '--data-dir', folder, '--set', 'models.find_local=false']
        for setting in settings:
            command += ['--set', setting]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.port = int(re.search(r':(\d+)', self.process.stdout.readline().split('//')[1]).group(1))
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method, path, body=None, headers=None, wants=(200, 201, 202)):
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        self.connection.request(method, path, body=data, headers={'content-type': 'application/json', **(headers or {})})
        response = self.connection.getresponse()
        answer = response.read()
        if response.status not in wants:
            raise SystemExit(f'{method} {path}: {response.status} {answer[:300]}')
        return answer


def measure_out(studio, pipe, host, options):
    for number in range(options.endpoints):
        studio.ask('POST', '/api/webhook-endpoints', {'url': f'http://{host}/{number}', 'types': ['asset.created']})
    wanted, arrivals, kept_at = options.events * options.endpoints, [], {}

    def read():  # all the while, for a full pipe would stop the receiver
        while len(arrivals) < wanted and pipe.poll(30):
            arrivals.append(pipe.recv())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    begun = time.perf_counter()
    for number in range(options.events):
        due = begun + number / options.rate
        time.sleep(max(0, due - time.perf_counter()))
        answer = studio.ask('POST', f'/api/assets?name={number}.gif', pixel(number), {'content-type': 'image/gif'})
        kept_at[json.loads(answer)['id']] = time.time()
    took = time.perf_counter() - begun
    reader.join(60)
    if len(arrivals) < wanted:
        raise SystemExit(f'only {len(arrivals)} of {wanted} webhooks came')
    waits = [(came - kept_at[asset]) * 1000 for came, asset in arrivals]
    print(f'  {options.events} files at {options.events / took:.0f}/s, each told at {options.endpoints} addresses')
    line('from what happened to the webhook’s first byte', waits, 'bound 50 ms (p99)')


def measure_in(studio, options):
    secret = 'whsec_' + base64.b64encode(SECRET).decode()
    studio.ask('POST', '/api/providers', {'name': 'signed', 'preset': 'openai', 'key': 'sk-unused-0123456789', 'webhook_secrets': [secret]})

    def tell(number, key):
        body = json.dumps({'id': f'evt_{number}', 'type': 'response.completed', 'data': {'id': f'resp_{number}', 'more': 'x' * 1000}}).encode()
        at = str(int(time.time()))
        digest = hmac.new(key, f'msg_{number}.{at}.'.encode() + body, hashlib.sha256).digest()
        headers = {'webhook-id': f'msg_{number}', 'webhook-timestamp': at, 'webhook-signature': 'v1,' + base64.b64encode(digest).decode()}
        begun = time.perf_counter()
        studio.ask('POST', '/api/webhooks/signed', body, headers, wants=(200, 401))
        return (time.perf_counter() - begun) * 1000

    taken, refused = [], []
    for number in range(options.events):
        taken.append(tell(number, SECRET))
        time.sleep(0.012)  # slower than an address may
    line('a provider’s webhook, taken and on disk', taken, 'bound 5 ms')
    for number in range(40):  # fewer than an address may send amiss
        refused.append(tell(number, b'another key'))
    line('a forged one, refused', refused)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--events', type=int, default=1_000)
    parser.add_argument('--rate', type=float, default=20)
    parser.add_argument('--endpoints', type=int, default=2)
    options = parser.parse_args()
    pipe, far = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=receive, args=(far,), daemon=True)
    receiver.start()
    host = f'127.0.0.1:{pipe.recv()}'
    with tempfile.TemporaryDirectory(prefix='atelier-webhooks-') as folder:
        studio = Studio(options, folder, f'network.reachable={host}')
        try:
            measure_out(studio, pipe, host, options)
            measure_in(studio, options)
        finally:
            studio.process.terminate()
            studio.process.wait()
            receiver.terminate()


if __name__ == '__main__':
    sys.exit(main())
