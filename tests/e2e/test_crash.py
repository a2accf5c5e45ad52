"""kill -9 of the server, or of a worker, at every step boundary and at any moment: the run goes on where it was, what had
succeeded is not made again, and the video is the same, byte for byte."""

import json
import os
import random
import signal
import sys
import time
import unittest

from studio import TWO_SCENES, Server, StudioTest, atelier, children_of

STORY = TWO_SCENES + '\nThe storm came in at midnight, and nobody slept until it had gone.\n'
SETTINGS = {'size': '1080x1080', 'fps': 24}
POINTS = ('submit.after_commit', 'drive.before_commit', 'drive.after_commit', 'step.before_run', 'step.after_run')
KILLS = int(os.environ.get('ATELIER_KILLS', '6'))
SEED = int(os.environ.get('ATELIER_SEED', '1'))


def is_gone(server):
    return server.process.poll() is not None


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

    def kill_at_point(self, data, point):
        with Server(data) as idle:  # the production and its id, without the crash point
            production = idle.call('POST', '/api/productions', {'story': STORY, 'settings': SETTINGS})['id']
        server = Server(data, environment={'ATELIER_CRASH_AT': point})
        run = None
        try:
            run = server.call('POST', f'/api/productions/{production}/render')['id']
        except Exception:
            server.process.wait(20)
        deadline = time.monotonic() + 60
        before = self.watch(server, run, lambda: time.monotonic() > deadline) if run else []
        if is_gone(server):
            self.assertEqual(server.process.returncode, -signal.SIGKILL, server.read_log()[-2000:])
        server.stop(signal.SIGKILL)
        if run is None:  # killed before the answer: the run may stand or not
            with Server(data) as again:
                runs = again.call('GET', '/api/runs')['items']
                run = runs[0]['id'] if runs else again.call('POST', f'/api/productions/{production}/render')['id']
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
            nth = chance.randint(1, self.step_count)
            point = POINTS[number // 3 % len(POINTS)]
            point += ':1' if point.startswith('submit') else f':{nth}'
            data = self.folder / f'data{number}'
            with self.subTest(f'{number}: {point if kind == "point" else kind}'):
                started_at = time.monotonic()
                if kind == 'point':
                    self.kill_at_point(data, point)
                elif kind == 'control':
                    self.kill_control(data, chance)
                else:
                    self.kill_worker(data, chance)
                print(f'{number}: {point if kind == "point" else kind}: {time.monotonic() - started_at:.1f} s', file=sys.stderr, flush=True)


if __name__ == '__main__':
    unittest.main()
