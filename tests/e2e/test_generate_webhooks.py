"""How often a provider is asked for a job, with and without webhooks, and what becomes of webhooks that come twice, late, out of
order, forged or not at all. ATELIER_JOB_S is how long jobs take."""

import json
import os
import socket
import subprocess
import time
import unittest
import urllib.request

from studio import BIN, Server, StudioTest

JOB_S = int(os.environ.get('ATELIER_JOB_S', '3'))
ASKED_MOST = 12  # of a job of a minute, without a webhook
ASKED_MOST_WHEN_TOLD = 3
WEBHOOKS = ['once', 'twice', 'late', 'disordered', 'forged', 'none']

MODELS = {'replicate': 'replicate/black-forest-labs/flux-schnell', 'fal': 'fal/fal-ai/flux/schnell'}


def free_port():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        return taken.getsockname()[1]


class Webhooks(StudioTest):
    def setUp(self):
        super().setUp()
        process = subprocess.Popen([BIN / 'provider-double'], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.terminate(), process.wait(), process.stdout.close()))
        self.url = process.stdout.readline().strip()

    def get(self, path):
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def start(self, is_told):
        port = free_port()
        more = ('--listen', f'127.0.0.1:{port}', '--set', f'server.public_url=http://127.0.0.1:{port}') if is_told else ()
        server = self.enterContext(Server(self.folder / 'data', *more, '--set', 'models.find_local=false',
                                          environment={'XDG_CONFIG_HOME': str(self.folder / 'config')}))
        request = urllib.request.Request(f'{self.url}/replicate/v1/webhooks/default/secret', headers={'Authorization': 'Bearer sk-double'})
        with urllib.request.urlopen(request) as answer:
            secret = json.load(answer)['key']
        server.call('POST', '/api/providers', {'name': 'replicate', 'preset': 'replicate', 'base_url': f'{self.url}/replicate/v1', 'key': 'sk-double',
                                               **({'webhook_secrets': [secret]} if is_told else {})})
        server.call('POST', '/api/providers', {'name': 'fal', 'preset': 'fal', 'base_url': f'{self.url}/fal', 'key': 'sk-double',
                                               **({'webhook_secrets': [f'{self.url}/fal/.well-known/jwks.json']} if is_told else {})})
        return server

    def begin(self, server, provider, words):
        return server.call('POST', '/api/generations', {'kind': 'image', 'model': MODELS[provider], 'prompt': words})['id']

    def end_of(self, server, generation, timeout_s):
        deadline = time.monotonic() + timeout_s
        while (now := server.call('GET', f'/api/generations/{generation}'))['state'] == 'running':
            self.assertLess(time.monotonic(), deadline, f'still {now}')
            time.sleep(0.05)
        return now

    def job(self, marker):
        found = [job for job in self.get('/control/jobs')['jobs'] if marker in job['words']]
        self.assertEqual(len(found), 1)
        return found[0]

    def test_of_every_kind(self):
        server = self.start(is_told=True)
        begun = [(provider, kind, self.begin(server, provider, f'a lamp, {provider}-{kind}. [takes {JOB_S * 1000}] [webhook {kind}]'))
                 for provider in MODELS for kind in WEBHOOKS]
        for provider, kind, generation in begun:
            with self.subTest(provider=provider, kind=kind):
                ended = self.end_of(server, generation, JOB_S + 60)
                self.assertEqual(ended['state'], 'succeeded', ended)
                self.assertEqual(len(ended['results']), 1)
                job = self.job(f'{provider}-{kind}.')
                print(f'{provider}, webhook {kind}: {job["polls"]} questions for a job of {JOB_S} s')
                self.assertLessEqual(job['polls'], ASKED_MOST_WHEN_TOLD)
                self.assertEqual(job['fetches'], 1, 'the result was fetched once')
                if kind == 'forged':
                    self.assertEqual(job['webhooks'], 0, 'it was taken')
        self.assertEqual(server.stop(), 0)

    def test_of_none(self):
        server = self.start(is_told=False)
        for provider in MODELS:
            generation = self.begin(server, provider, f'a lamp, {provider}-asked. [takes {JOB_S * 1000}]')
            self.assertEqual(self.end_of(server, generation, JOB_S + 30)['state'], 'succeeded')
            polls = self.job(f'{provider}-asked.')['polls']
            print(f'{provider}, without webhooks: {polls} questions for a job of {JOB_S} s')
            self.assertLessEqual(polls, ASKED_MOST)
        self.assertEqual(server.stop(), 0)


if __name__ == '__main__':
    unittest.main()
