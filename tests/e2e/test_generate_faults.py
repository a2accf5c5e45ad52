"""Every provider of media against what may happen to a generation: it finishes, or fails once with the reason, and the provider was
never given the same work twice. What each fault of a provider is told as, tests/gateway/media_fault_test.cpp says. With ATELIER_FAULT_TABLE=1 the outcomes are printed as a table."""

import json
import os
import subprocess
import time
import unittest
import urllib.request

from studio import BIN, Server, StudioTest

# preset, path at the double, the variables of its key and address, and what it is asked for. Of the first kind, answers are
# jobs; of the second, an answer is the result.
JOBS = [
    ('replicate', '/replicate/v1', 'REPLICATE_API_TOKEN', 'REPLICATE_BASE_URL', {'kind': 'image', 'model': 'replicate/black-forest-labs/flux-schnell'}),
    ('fal', '/fal', 'FAL_KEY', 'FAL_BASE_URL', {'kind': 'image', 'model': 'fal/fal-ai/flux/schnell'}),
    ('luma', '/luma', 'LUMA_AGENTS_API_KEY', 'LUMA_BASE_URL', {'kind': 'image', 'model': 'luma/uni-1'}),
    ('runway', '/runway/v1', 'RUNWAYML_API_SECRET', 'RUNWAYML_BASE_URL', {'kind': 'image', 'model': 'runway/gen4_image', 'ratio': '16:9'}),
    ('bfl', '/bfl/v1', 'BFL_API_KEY', 'BFL_BASE_URL', {'kind': 'image', 'model': 'bfl/flux-dev'}),
    ('gemini', '/gemini/v1beta', 'GEMINI_API_KEY', 'GEMINI_BASE_URL', {'kind': 'video', 'model': 'gemini/veo-3.1-generate-preview'}),
]
AT_ONCE = [
    ('openai', '/openai/v1', 'OPENAI_API_KEY', 'OPENAI_BASE_URL', {'kind': 'image', 'model': 'openai/gpt-image-1'}),
    ('gemini', '/gemini/v1beta', 'GEMINI_API_KEY', 'GEMINI_BASE_URL', {'kind': 'image', 'model': 'gemini/gemini-3.1-flash-image'}),
]
# What the words of a request make of a job, and how a generation must end then: state, and codes of which one is told.
WISHES = {
    '': ('succeeded', None),
    '[filter]': ('failed', {'content_refused'}),
    '[result html]': ('failed', {'result_wrong_type'}),
    '[result cut]': ('failed', None),
}
# What happens to a submission: rules of the double, how it must end, and how often the provider may have the work.
SUBMISSIONS = {
    '429 once': ([{'fault': '429', 'times': 1}], 'succeeded', 1),
    '503 twice': ([{'fault': '503', 'times': 2}], 'succeeded', 1),
    '401': ([{'fault': '401'}], 'failed', 0),
    '402 or quota': ([{'fault': '429,quota'}], 'failed', 0),
    'HTML with 502': ([{'fault': '502,html', 'times': 1}], None, 1),
    'answer lost': ([{'fault': 'cut-before-head', 'times': 1}], 'unknown', 1),
    'answer cut': ([{'fault': 'cut-mid', 'times': 1}], 'unknown', 1),
    'page instead of an answer': ([{'fault': 'as-html', 'times': 1}], 'unknown', 1),
}


class Faults(StudioTest):
    def setUp(self):
        super().setUp()
        process = subprocess.Popen([BIN / 'provider-double'], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.terminate(), process.wait(), process.stdout.close()))
        self.url = process.stdout.readline().strip()
        environment = {'XDG_CONFIG_HOME': str(self.folder / 'config')}
        for _, path, key, base, _ in JOBS + AT_ONCE:
            environment |= {key: 'sk-double', base: self.url + path}
        self.server = self.enterContext(Server(self.folder / 'data', '--set', 'models.find_local=false', environment=environment))
        self.table = []

    def control(self, body):
        request = urllib.request.Request(f'{self.url}/control', json.dumps(body).encode(), {'Content-Type': 'application/json'})
        urllib.request.urlopen(request).close()

    def jobs(self, marker):
        with urllib.request.urlopen(f'{self.url}/control/jobs') as answer:
            return [job for job in json.load(answer)['jobs'] if marker in job['words']]

    def begin(self, body, words):
        return self.server.call('POST', '/api/generations', body | {'prompt': words})['id']

    def end_of(self, generation, timeout_s=90):
        deadline = time.monotonic() + timeout_s
        while (now := self.server.call('GET', f'/api/generations/{generation}'))['state'] == 'running':
            self.assertLess(time.monotonic(), deadline, f'still {now}')
            time.sleep(0.05)
        return now

    def note(self, provider, fault, ended):
        error = ended['error'] or {}
        self.table.append((provider, fault or 'none', ended['state'], error.get('code', ''), error.get('message', '')))

    def forget_breaker(self, body):
        self.server.request('DELETE', f'/api/breakers/{body["model"]}')

    def test_of_jobs(self):
        begun = []
        for number, (provider, _, _, _, body) in enumerate(JOBS):
            for each, (wish, expected) in enumerate(WISHES.items()):
                marker = f'wish-{number}-{each}.'
                begun.append((provider, wish, expected, marker, self.begin(body, f'a lamp, {marker} [takes 100] {wish}')))
        for provider, wish, (state, codes), marker, generation in begun:
            with self.subTest(provider=provider, wish=wish):
                ended = self.end_of(generation)
                self.note(provider, wish, ended)
                self.assertEqual(ended['state'], state, ended)
                self.assertEqual(len(self.jobs(marker)), 1, 'it was given to the provider once')
                if state == 'failed':
                    self.assertTrue(ended['error']['message'])
                if codes:
                    self.assertIn(ended['error']['code'], codes, ended)
                if state == 'succeeded':
                    asset = self.server.request('GET', f'/api/assets/{ended["results"][0]["asset"]}/content')
                    self.assertEqual(asset.status, 200)
        self.show()

    def test_of_submissions(self):
        for each, (fault, (rules, state, most)) in enumerate(SUBMISSIONS.items()):
            self.control({'reset': True})
            self.control({'rules': [rule | {'persona': path.split('/')[1]} for _, path, _, _, _ in JOBS for rule in rules]})
            begun = []
            for number, (provider, _, _, _, body) in enumerate(JOBS):
                marker = f'submission-{number}-{each}.'
                begun.append((provider, marker, body, self.begin(body, f'a lamp, {marker} [takes 100]')))
            for provider, marker, body, generation in begun:
                with self.subTest(provider=provider, fault=fault):
                    ended = self.end_of(generation)
                    self.note(provider, fault, ended)
                    if state:
                        self.assertEqual(ended['state'], state, ended)
                    self.assertLessEqual(len(self.jobs(marker)), most, 'it was given to the provider again')
                self.forget_breaker(body)
        self.show()

    def test_of_one_that_is_stuck(self):
        begun = [(provider, self.begin(body, f'a lamp, stuck-{provider}. [stuck]')) for provider, _, _, _, body in JOBS]
        for provider, generation in begun:
            with self.subTest(provider=provider):
                deadline = time.monotonic() + 30
                while self.server.call('GET', f'/api/generations/{generation}').get('job', {}).get('state') != 'submitted':
                    self.assertLess(time.monotonic(), deadline)
                    time.sleep(0.05)
                cancelled = self.server.call('POST', f'/api/generations/{generation}/cancel')
                self.assertEqual(cancelled['state'], 'cancelled')
                while (now := self.server.call('GET', f'/api/generations/{generation}'))['job']['state'] != 'cancelled':
                    self.assertLess(time.monotonic(), deadline, now)
                    time.sleep(0.05)
                self.assertTrue(now['job']['words'], 'what may still be charged is said')
                self.table.append((provider, 'stuck, cancelled', 'cancelled', '', now['job']['words']))
        self.show()

    def test_answers_that_are_results(self):
        for provider, path, _, _, body in AT_ONCE:
            for fault, (rules, state, _) in SUBMISSIONS.items():
                with self.subTest(provider=provider, fault=fault):
                    self.control({'reset': True})
                    self.control({'rules': [rule | {'persona': path.split('/')[1]} for rule in rules]})
                    ended = self.end_of(self.begin(body, 'a lamp'))
                    self.note(f'{provider} (image)', fault, ended)
                    if state:
                        self.assertEqual(ended['state'], state, ended)
                    self.forget_breaker(body)
        self.show()

    def show(self):
        if os.environ.get('ATELIER_FAULT_TABLE'):
            print()
            for row in self.table:
                print('| ' + ' | '.join(row) + ' |')


if __name__ == '__main__':
    unittest.main()
