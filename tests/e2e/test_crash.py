"""kill -9 of the server, or of a worker, at every step boundary and at any moment: the run goes on where it was, what had
succeeded is not made again, and the video is the same, byte for byte."""

import http.client
import json
import os
import random
import re
import signal
import sys
import time
import unittest
from pathlib import Path

import test_generate_crash
from studio import TWO_SCENES, Server, StudioTest, atelier, children_of

STORY = TWO_SCENES + '\nThe storm came in at midnight, and nobody slept until it had gone.\n'
SETTINGS = {'size': '1080x1080', 'fps': 24}
SOURCES = Path(__file__).resolve().parents[2] / 'src'
# Every crash point there is. The first few are what a short test gets to; a long one goes through all of them in turn.
POINTS = ('drive.after_commit', 'recover.after_commit', 'step.after_run', 'submit.after_commit', 'cancel.before_commit',
          'drive.before_commit', 'recover.before_commit', 'step.before_run', 'submit.before_commit')
NO_ANSWER = (OSError, http.client.HTTPException)
KILLS = int(os.environ.get('ATELIER_KILLS', '6'))
SEED = int(os.environ.get('ATELIER_SEED', '1'))


def is_gone(server):
    return server.process.poll() is not None


class TheListOfCrashPoints(unittest.TestCase):
    def test_is_that_of_the_sources(self):
        named = {name for path in SOURCES.rglob('*.cpp') for name in re.findall(r'\bcrash_point\("([^"]+)"\)', path.read_text())}
        # Those of work at a provider are test_generate_crash.py's.
        self.assertEqual({name for name in named if not name.startswith('generate.')}, set(POINTS))
        self.assertEqual({name for name in named if name.startswith('generate.')}, set(test_generate_crash.STEPS))


class AKilledStudio(StudioTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        undisturbed = StudioTest()
        undisturbed.setUp()
        try:
            with Server(undisturbed.folder / 'data') as server:
                started_at = time.monotonic()
                production, run = server.render(STORY, **SETTINGS)
                ended = server.wait_for(run)
                assert ended['state'] == 'succeeded', ended
                cls.render_s = time.monotonic() - started_at
                cls.step_count = ended['step_count']
                cls.ran_count = sum(not step['is_cached'] for step in ended['steps'])
                cls.wanted = server.file(production)
        finally:
            undisturbed.doCleanups()

    def finish(self, data, production, run, before):
        """Starts again; the run has to end well, with what is told of `before`, the steps as last seen, left as it was."""
        with Server(data) as server:
            ended = server.wait_for(run)
            self.assertEqual(ended['state'], 'succeeded', json.dumps(ended)[:2000])
            after = {step['node']: step for step in ended['steps']}
            self.assertEqual(len(after), self.step_count)
            for step in before:
                if step['state'] == 'succeeded':
                    for field in ('attempts', 'is_cached', 'started_at', 'ended_at'):
                        self.assertEqual(after[step['node']][field], step[field], f'{step["node"]} ran again')
            self.assertEqual(server.file(production), self.wanted)
        doctor = atelier('doctor', '--json', '--data-dir', data)
        findings = {finding['subject']: finding for finding in json.loads(doctor.stdout)}
        self.assertEqual((doctor.returncode, findings['database']['level']), (0, 'ok'), doctor.stdout)

    def watch(self, server, run, until):
        """The run's steps as last seen before the server was gone, or `until` said so."""
        seen = []
        while not is_gone(server) and not until():
            try:
                view = server.call('GET', f'/api/runs/{run}')
            except OSError:
                break
            except Exception:  # an answer cut off by the kill
                if is_gone(server):
                    break
                time.sleep(0.02)
                continue
            seen = view['steps']
            if view['state'] != 'running':
                break
            time.sleep(0.01)
        return seen

    def expect_killed(self, server):
        """By its crash point, soon."""
        self.assertEqual(server.process.wait(60), -signal.SIGKILL)
        server.stop()

    def kill_at_point(self, data, point, chance):
        kind = point.split('.')[0]
        if kind == 'recover':
            self.kill_recovering(data, point + ':1', chance)
        elif kind == 'cancel':
            self.kill_cancelling(data, point + ':1', chance)
        else:
            # Steps that run are passed one by one, commits may hold the ends of two.
            passings = {'submit': 1, 'drive': self.ran_count // 2, 'step': self.ran_count}[kind]
            self.kill_rendering(data, f'{point}:{chance.randint(1, passings)}')

    def kill_rendering(self, data, point):
        server = Server(data, environment={'ATELIER_CRASH_AT': point})
        production = server.call('POST', '/api/productions', {'story': STORY, 'settings': SETTINGS})['id']
        try:
            run = server.call('POST', f'/api/productions/{production}/render')['id']
        except NO_ANSWER:
            run = None
        before = self.watch(server, run, lambda: False) if run else []
        self.expect_killed(server)
        self.finish(data, production, run or self.render_again(data, production, point), before)

    def render_again(self, data, production, point):
        """The render that was asked for stands or not, as its commit does; the run, asked for anew if not."""
        with Server(data) as server:
            runs = server.call('GET', '/api/runs')['items']
            self.assertEqual(len(runs), 0 if point.startswith('submit.before_commit') else 1)
            return runs[0]['id'] if runs else server.call('POST', f'/api/productions/{production}/render')['id']

    def kill_recovering(self, data, point, chance):
        """From one kill, while recovering from another."""
        server = Server(data)
        production, run = server.render(STORY, **SETTINGS)
        until = time.monotonic() + chance.random() * self.render_s / 2
        before = self.watch(server, run, lambda: time.monotonic() > until)
        server.stop(signal.SIGKILL)
        self.expect_killed(Server(data, environment={'ATELIER_CRASH_AT': point}))
        self.finish(data, production, run, before)

    def kill_cancelling(self, data, point, chance):
        """What was not yet stored was not cancelled."""
        server = Server(data, environment={'ATELIER_CRASH_AT': point})
        production, run = server.render(STORY, **SETTINGS)
        until = time.monotonic() + chance.random() * self.render_s / 2
        before = self.watch(server, run, lambda: time.monotonic() > until)
        with self.assertRaises(NO_ANSWER):
            server.call('POST', f'/api/runs/{run}/cancel')
        self.expect_killed(server)
        self.finish(data, production, run, before)

    def kill_control(self, data, chance):
        server = Server(data)
        production, run = server.render(STORY, **SETTINGS)
        until = time.monotonic() + chance.random() * self.render_s
        before = self.watch(server, run, lambda: time.monotonic() > until)
        server.stop(signal.SIGKILL)
        self.finish(data, production, run, before)

    def kill_worker(self, data, chance):
        with Server(data) as server:
            production, run = server.render(STORY, **SETTINGS)
            until = time.monotonic() + chance.random() * self.render_s
            before = self.watch(server, run, lambda: time.monotonic() > until)
            workers = children_of(server.pid)
            if workers:
                os.kill(chance.choice(workers), signal.SIGKILL)
            server.wait_for(run)
        self.finish(data, production, run, before)

    def test_goes_on_where_it_was(self):
        chance = random.Random(SEED)
        for number in range(KILLS):
            kind = ('point', 'control', 'worker')[number % 3]
            point = POINTS[number // 3 % len(POINTS)]
            data = self.folder / f'data{number}'
            with self.subTest(f'{number}: {point if kind == "point" else kind}'):
                started_at = time.monotonic()
                if kind == 'point':
                    self.kill_at_point(data, point, chance)
                elif kind == 'control':
                    self.kill_control(data, chance)
                else:
                    self.kill_worker(data, chance)
                print(f'{number}: {point if kind == "point" else kind}: {time.monotonic() - started_at:.1f} s', file=sys.stderr, flush=True)


if __name__ == '__main__':
    unittest.main()
