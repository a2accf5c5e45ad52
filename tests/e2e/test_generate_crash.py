"""kill -9 of a server that makes pictures at a provider, at every step of a job and at random times: nothing is submitted
twice, nothing that was made is lost, and where nobody can know whether the provider took the work, somebody is asked."""

import json
import os
import random
import signal
import subprocess
import time
import unittest
import urllib.request

from studio import BIN, Server, StudioTest

KILLS = int(os.environ.get('ATELIER_KILLS', '6'))
SEED = int(os.environ.get('ATELIER_SEED', '1'))
AT_ONCE = 4  # generations in flight at a random kill
# Where a process dies by itself, and how what it was at must end. At the first two, whoever starts anew cannot know
# whether the provider has the work: once it has not, once it has.
STEPS = {'generate.intended': 'unknown', 'generate.answered': 'unknown', 'generate.submitted': 'succeeded',
         'generate.fetched': 'succeeded', 'generate.before_done': 'succeeded', 'generate.after_done': 'succeeded'}


class Double:
    def __enter__(self):
        self.process = subprocess.Popen([BIN / 'provider-double'], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        return self

    def control(self, wanted):
        request = urllib.request.Request(f'{self.url}/control', json.dumps(wanted).encode(), method='POST')
        urllib.request.urlopen(request).close()

    def drawn(self):
        """How often OpenAI's endpoint was asked for a picture."""
        with urllib.request.urlopen(f'{self.url}/control/requests') as answer:
            return sum(one['path'] == '/v1/images/generations' for one in json.load(answer)['requests'])

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class AKilledServer(StudioTest):
    def setUp(self):
        super().setUp()
        self.data = self.folder / 'data'
        self.double = self.enterContext(Double())
        self.environment = {'REPLICATE_API_TOKEN': 'sk-double', 'REPLICATE_BASE_URL': f'{self.double.url}/replicate/v1',
                            'XDG_CONFIG_HOME': str(self.folder / 'config')}
        self.chance = random.Random(SEED)

    def start(self, crash_at=None):
        environment = dict(self.environment, **({'ATELIER_CRASH_AT': crash_at} if crash_at else {}))
        return self.enterContext(Server(self.data, '--set', 'models.find_local=false', environment=environment))

    def begin(self, server, words):
        """One generation; its id. None: the server died before it said so."""
        body = {'kind': 'image', 'model': 'replicate/black-forest-labs/flux-schnell', 'prompt': words, 'ratio': '1:1'}
        try:
            return server.call('POST', '/api/generations', body)['id']
        except OSError:
            return None

    def jobs(self, marker):
        """The jobs that the provider was given in these words."""
        with urllib.request.urlopen(f'{self.double.url}/control/jobs') as answer:
            return [job for job in json.load(answer)['jobs'] if marker in job['words']]

    def end_of(self, server, generation, timeout_s=60):
        deadline = time.monotonic() + timeout_s
        while (now := server.call('GET', f'/api/generations/{generation}'))['state'] == 'running':
            self.assertLess(time.monotonic(), deadline, f'still {now}')
            time.sleep(0.05)
        return now

    def check_result(self, server, ended):
        self.assertEqual(ended['state'], 'succeeded', ended)
        self.assertEqual(len(ended['results']), 1, ended)
        content = server.request('GET', f'/api/assets/{ended["results"][0]["asset"]}/content')
        self.assertEqual((content.status, content.body[:4]), (200, b'\x89PNG'))

    def test_goes_on_from_every_step(self):
        for number, (step, expected) in enumerate(STEPS.items()):
            with self.subTest(step=step):
                marker = f'step-{number}.'
                server = self.start(crash_at=f'{step}:1')
                generation = self.begin(server, f'a lamp, {marker} [takes 200]')
                server.process.wait(30)
                server.stop()
                if generation is None:  # it died while it said so, and the run is there all the same
                    server = self.start()
                    generation = server.call('GET', '/api/generations')['items'][0]['id']
                else:
                    server = self.start()
                ended = self.end_of(server, generation)
                self.assertEqual(ended['state'], expected, ended)
                self.assertEqual(len(self.jobs(marker)), 0 if step == 'generate.intended' else 1)
                if expected == 'succeeded':
                    self.check_result(server, ended)
                else:
                    self.check_choices(server, generation, marker)
                self.assertEqual(server.stop(), 0)

    def test_asks_about_a_picture_that_was_seen_half_done(self):
        self.environment |= {'OPENAI_API_KEY': 'sk-double', 'OPENAI_BASE_URL': f'{self.double.url}/openai/v1'}
        self.double.control({'rules': [{'fault': 'hold-mid,at=2', 'path': '/v1/images/generations', 'times': 1}]})
        server = self.start()
        body = {'kind': 'image', 'model': 'openai/gpt-image-1', 'prompt': 'a lamp'}
        generation = server.call('POST', '/api/generations', body)['id']
        deadline = time.monotonic() + 30
        while (now := server.call('GET', f'/api/generations/{generation}')).get('partial') != 2:
            self.assertEqual((now['state'], time.monotonic() < deadline), ('running', True), now)
            time.sleep(0.02)
        server.stop(signal.SIGKILL)
        server = self.start()
        ended = self.end_of(server, generation)
        self.assertEqual((ended['state'], ended['choices']), ('unknown', ['retry', 'give_up']), ended)
        self.assertNotIn('partial', ended)
        self.assertEqual(server.request('GET', f'/api/generations/{generation}/partial').status, 404)
        self.assertEqual(self.double.drawn(), 1)
        again = server.call('POST', f'/api/generations/{generation}/retry', {'may_pay_twice': True})
        self.check_result(server, self.end_of(server, again['id']))
        self.assertEqual(self.double.drawn(), 2)
        self.assertEqual(server.stop(), 0)

    def check_choices(self, server, generation, marker):
        before = len(self.jobs(marker))
        self.assertEqual(server.call('GET', f'/api/generations/{generation}')['choices'], ['retry', 'give_up'])
        refused = server.request('POST', f'/api/generations/{generation}/retry')
        self.assertEqual((refused.status, refused.json()['code']), (409, 'outcome_unknown'))
        self.assertEqual(len(self.jobs(marker)), before, 'something was sent though nobody had agreed')
        again = server.call('POST', f'/api/generations/{generation}/retry', {'may_pay_twice': True})
        self.check_result(server, self.end_of(server, again['id']))
        self.assertEqual(len(self.jobs(marker)), before + 1)

    def test_submits_nothing_twice_at_random_times(self):
        states = {}
        server = self.start()
        for number in range(KILLS):
            wanted = []
            for each in range(AT_ONCE):
                marker = f'kill-{number}-{each}.'
                generation = self.begin(server, f'a lamp, {marker} [takes {self.chance.randrange(0, 600)}]')
                wanted.append((marker, generation))
                time.sleep(self.chance.random() / 10)
            time.sleep(self.chance.random() * 2)
            server.stop(signal.SIGKILL)
            server = self.start()
            for marker, generation in wanted:
                ended = self.end_of(server, generation)
                states[ended['state']] = states.get(ended['state'], 0) + 1
                self.assertIn(ended['state'], ('succeeded', 'unknown'), ended)
                self.assertLessEqual(len(self.jobs(marker)), 1, 'it was submitted twice')
                if ended['state'] == 'succeeded':
                    self.check_result(server, ended)
        print(f'{KILLS} kills: {states}')
        self.assertGreater(states.get('succeeded', 0), 0)
        self.assertEqual(server.stop(), 0)


if __name__ == '__main__':
    unittest.main()
