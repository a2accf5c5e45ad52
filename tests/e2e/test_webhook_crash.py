"""kill -9 of a server that tells of what happens, and is told by a provider: whatever was acknowledged is told in the end, each
thing in one message however often it is sent, and what a provider said is kept once."""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import os
import random
import signal
import threading
import time
import unittest

from studio import Server, StudioTest

NO_ANSWER = (OSError, http.client.HTTPException)
KILLS = int(os.environ.get('ATELIER_KILLS', '4'))
SEED = int(os.environ.get('ATELIER_SEED', '1'))
SECRET = bytes(range(32))


def pixel(number):
    """A GIF of one pixel, each of another colour."""
    return (b'GIF89a\x01\0\x01\0\x80\0\0' + number.to_bytes(3, 'little') + b'\0\0\0'
            + b'\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b')


class Receiver:
    """Takes webhooks, some of them slowly, so that there are always some under way."""

    def __init__(self, seed):
        self.messages = {}  # by what they tell of: the ids they came under
        self.lock = threading.Lock()
        chance = random.Random(seed)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(handler):
                body = json.loads(handler.rfile.read(int(handler.headers['content-length'])))
                with self.lock:
                    self.messages.setdefault(body['data']['id'], set()).add(handler.headers['webhook-id'])
                    pause = chance.choice((0, 0, 0.03))
                time.sleep(pause)
                handler.send_response(204)
                handler.end_headers()

            def log_message(handler, *_):
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):  # whoever asked was killed
                pass

        self.server = Quiet(('127.0.0.1', 0), Handler)
        self.host = f'127.0.0.1:{self.server.server_address[1]}'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def told(self):
        with self.lock:
            return {asset: set(ids) for asset, ids in self.messages.items()}


def sign(body, message_id):
    at = str(int(time.time()))
    digest = hmac.new(SECRET, f'{message_id}.{at}.'.encode() + body, hashlib.sha256).digest()
    return {'Content-Type': 'application/json', 'webhook-id': message_id, 'webhook-timestamp': at,
            'webhook-signature': 'v1,' + base64.b64encode(digest).decode()}


class Worker(threading.Thread):
    """Keeps files and says what providers say, until the server is gone."""

    def __init__(self, server, first):
        super().__init__()
        self.server, self.number = server, first
        self.is_over = False
        self.kept, self.said = [], []

    def run(self):
        try:
            while not self.is_over:
                self.number += 1
                answer = self.server.request('POST', f'/api/assets?name={self.number}.gif', pixel(self.number), {'Content-Type': 'image/gif'})
                if answer.status != 201:
                    return
                self.kept.append(answer.json()['id'])
                body = json.dumps({'id': f'evt_{self.number}', 'data': {'id': f'resp_{self.number}'}}).encode()
                answer = self.server.request('POST', '/api/webhooks/signed', body, sign(body, f'msg_{self.number}'))
                if answer.status == 200:
                    self.said.append(f'msg_{self.number}')
        except NO_ANSWER:
            pass


class AKilledStudio(StudioTest):
    def test_tells_of_everything_it_acknowledged(self):
        chance = random.Random(SEED)
        receiver = Receiver(SEED)
        self.addCleanup(receiver.close)
        data = self.folder / 'data'
        reach = ('--set', f'network.reachable={receiver.host}')
        kept, said, number = [], [], 0
        for kill in range(KILLS + 1):
            with Server(data, *reach) as server:
                if kill == 0:
                    server.call('POST', '/api/webhook-endpoints', {'url': f'http://{receiver.host}/', 'types': ['asset.created']})
                    secret = 'whsec_' + base64.b64encode(SECRET).decode()
                    server.call('POST', '/api/providers', {'name': 'signed', 'preset': 'openai', 'key': 'sk-unused-0123456789', 'webhook_secrets': [secret]})
                worker = Worker(server, number)
                worker.start()
                time.sleep(chance.uniform(0.3, 1.2))
                if kill < KILLS:
                    os.kill(server.pid, signal.SIGKILL)
                    server.process.wait()
                worker.is_over = True
                worker.join()
                kept += worker.kept
                said += worker.said
                number = worker.number
                if kill == KILLS:
                    self.finish(server, receiver, kept, said)
        self.assertGreater(len(kept), 10)
        self.assertEqual(len(said), len(set(said)))

    def finish(self, server, receiver, kept, said):
        """Everything that was acknowledged so far was told, or is soon; nothing was told as two things."""
        wanted = set(kept)
        deadline = time.monotonic() + 60
        while (missing := wanted - receiver.told().keys()) and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(missing, set(), f'{len(missing)} of {len(wanted)} were never told')
        for asset, ids in receiver.told().items():
            self.assertEqual(len(ids), 1, f'{asset} was told as {ids}')
        endpoint = server.call('GET', '/api/webhook-endpoints')['items'][0]
        self.assertTrue(endpoint['is_enabled'])
        # What providers said is known, over every kill: saying it once more is no news.
        for message_id in said[-20:]:
            number = message_id.removeprefix('msg_')
            body = json.dumps({'id': f'evt_{number}', 'data': {'id': f'resp_{number}'}}).encode()
            self.assertEqual(server.request('POST', '/api/webhooks/signed', body, sign(body, message_id)).status, 200)
        metrics = server.request('GET', '/metrics').body.decode()
        repeated = next(line for line in metrics.splitlines() if line.startswith('atelier_webhooks_repeated_total '))
        self.assertEqual(float(repeated.split()[-1]), len(said[-20:]))


if __name__ == '__main__':
    unittest.main()
