"""atelier audit from outside, cut down to seconds: the report's three forms, a finding provoked for real, exit codes, comparison."""

import json
import stat
import tempfile
import unittest
from pathlib import Path

from studio import BIN, Server, atelier

DOUBLE = BIN / 'provider-double'
NOT_MET = 5


class Audit(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix='atelier-audit-test-')
        self.out = Path(self.folder.name) / 'report'

    def tearDown(self):
        self.folder.cleanup()

    def audit(self, *arguments, out=None):
        return atelier('audit', '--quick', '--out', out or self.out, *arguments, timeout_s=90)

    def report(self, out=None):
        return json.loads(((out or self.out) / 'audit.json').read_text())

    def scenario(self, name, out=None):
        return next(one for one in self.report(out)['scenarios'] if one['name'] == name)

    def test_one_command_gives_a_report_in_three_forms_and_compares(self):
        before = set(Path(tempfile.gettempdir()).glob('atelier-audit-??????'))
        arguments = ('--scenario', 'headers,settings,streams,chat', '--seconds', '1', '--users', '24', '--streams', '20')
        done = self.audit(*arguments)
        self.assertIn(done.returncode, (0, NOT_MET), done.stderr)
        report = self.report()
        self.assertEqual(done.returncode == 0, report['is_met'])
        self.assertEqual([one['name'] for one in report['scenarios']], ['headers', 'settings', 'streams', 'chat'])
        self.assertEqual([one['state'] for one in report['scenarios']], ['done'] * 4)
        figures = {one['id']: one for one in self.scenario('chat')['figures']}
        self.assertGreater(figures['p95']['measured']['count'], 0)
        self.assertEqual(figures['whole']['measured']['value'], 1)
        streams = {one['id']: one['measured']['value'] for one in self.scenario('streams')['figures']}
        self.assertEqual(streams['missing_20'], 0)
        self.assertGreater(streams['delivery_p99_20'], 0)
        self.assertEqual([one for one in report['findings'] if one['id'].startswith('headers.')], [])
        for sentence in report['summary']:
            self.assertIn(sentence, done.stdout)
            self.assertIn(sentence, (self.out / 'audit.md').read_text())
        page = (self.out / 'audit.html').read_text()
        self.assertNotRegex(page, r'<script|<link|src=')
        everything = page + (self.out / 'audit.md').read_text() + json.dumps(report)
        self.assertNotIn(self.folder.name, everything)
        self.assertNotIn('sk-double', everything)
        self.assertNotIn('\r', done.stderr, 'piped, its progress is plain lines')
        self.assertEqual(set(Path(tempfile.gettempdir()).glob('atelier-audit-??????')), before, 'its studio is gone')

        again = Path(self.folder.name) / 'again'
        compared = self.audit('--scenario', 'headers', '--compare', self.out / 'audit.json', out=again)
        self.assertIn(compared.returncode, (0, NOT_MET), compared.stderr)
        self.assertIn('another one', self.report(again)['comparison']['caution'])

    def test_a_provider_that_fails_is_found(self):
        # A double every request of which fails: chat has no whole answer.
        double = Path(self.folder.name) / 'failing-double'
        double.write_text(f'''#!/usr/bin/env python3
import json, subprocess, sys, urllib.request
double = subprocess.Popen([{str(DOUBLE)!r}], stdout=subprocess.PIPE, text=True)
url = double.stdout.readline().strip()
rules = json.dumps({{'rules': [{{'fault': '400', 'persona': 'openai'}}]}}).encode()
urllib.request.urlopen(urllib.request.Request(url + '/control', rules, {{'content-type': 'application/json'}})).read()
print(url, flush=True)
import signal
signal.signal(signal.SIGTERM, lambda *_: (double.kill(), sys.exit(0)))
double.wait()
''')
        double.chmod(double.stat().st_mode | stat.S_IXUSR)
        done = self.audit('--scenario', 'chat', '--seconds', '1', '--users', '24', '--double', double)
        self.assertEqual(done.returncode, NOT_MET, done.stderr)
        finding = next(one for one in self.report()['findings'] if one['id'] == 'chat.whole')
        self.assertEqual(finding['severity'], 'high')
        self.assertTrue(finding['evidence'] and finding['cause'] and finding['remedy'])
        self.assertIn('The objectives are not met', done.stdout)

    def test_a_running_studio_is_audited_and_left_as_it_was(self):
        with Server(Path(self.folder.name) / 'data', '--set', 'server.write_stall_timeout_ms=400000') as server:
            threads = server.call('GET', '/api/threads')
            done = self.audit('--url', f'http://127.0.0.1:{server.port}', '--scenario', 'headers,chat,streams', '--seconds', '1', '--streams', '5')
            self.assertIn(done.returncode, (0, NOT_MET), done.stderr)
            chat = self.scenario('chat')
            self.assertEqual(chat['state'], 'skipped')
            self.assertIn('--model', chat['why'])
            self.assertEqual(self.scenario('streams')['state'], 'done')
            self.assertEqual(server.call('GET', '/api/threads'), threads)
            local = self.audit('--local', '--data-dir', server.data_dir, '--scenario', 'settings,headers')
            self.assertEqual(local.returncode, 0, local.stderr)
            self.assertEqual(self.scenario('headers')['state'], 'skipped')
            found = [one['id'] for one in self.report()['findings']]
            self.assertIn('settings.backup', found)
            self.assertIn('settings.timeouts', found, 'the settings it runs with')

    def test_what_is_wrong_is_named(self):
        for arguments, said in ((('--scenario', 'chatt'), 'there is no scenario "chatt"'), (('--seconds', '0'), '--seconds is "0"'),
                                (('--compare', __file__), 'is no audit'), (('--url', 'http://127.0.0.1:1/x'), 'such as https://studio')):
            done = self.audit(*arguments)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(said, done.stderr)
        gone = self.audit('--url', 'http://127.0.0.1:1', '--scenario', 'headers')
        self.assertEqual(gone.returncode, 4, gone.stderr)
        self.assertFalse((self.out / 'audit.json').exists())


if __name__ == '__main__':
    unittest.main()
