"""A studio at light, normal work: no alert may fire."""

import contextlib
import tempfile
import time
from collections import Counter
from pathlib import Path

from alert_cause import Room
from alert_room import Watch

WORDS = 'Tell me of the lamp keeper. [say 40]'


class Work:
    """What a few people do: calls through the gateway, a chat, lists, an upload now and then, a short at times."""

    def __init__(self, studio):
        self.studio, self.done, self.failed = studio, Counter(), Counter()

    def __call__(self, name, action):
        def go():
            try:
                action()
                self.done[name] += 1
            except AssertionError:
                self.failed[name] += 1
                raise
        return go

    def call_model(self):
        assert self.studio.ask('openai/m', WORDS) == 200

    def chat(self):
        thread = self.studio.call('POST', '/api/threads', {'model': 'openai/m'})
        self.studio.call('POST', f'/api/threads/{thread["id"]}/messages', {'parts': [{'type': 'text', 'text': WORDS}]})
        self.studio.call('GET', f'/api/threads/{thread["id"]}')

    def lists(self):
        for path in ('/api/threads', '/api/assets', '/api/productions', '/api/models', '/api/performance/metrics'):
            self.studio.call('GET', path)

    def upload(self):
        picture = Path(__file__).resolve().parents[2] / 'examples' / 'launch'
        file = sorted(picture.rglob('*.jpg'))[self.done['uploads'] % len(list(picture.rglob('*.jpg')))]
        self.studio.call('POST', f'/api/assets?name={file.name}', file.read_bytes(), headers={'Content-Type': 'application/octet-stream'})

    def short(self):
        _, run = self.studio.render('The lamp keeper climbed the stairs.\n\nAt the top the wind was waiting.', size='1080x1080', fps=24)
        assert self.studio.wait_for(run, 300)['state'] == 'succeeded'


def run_clean(seconds):
    """0: none fired."""
    with tempfile.TemporaryDirectory(prefix='atelier-alerts-') as folder, Room(Path(folder), None) as room:
        studio = room.studio(double=room.double())
        watch, work = Watch(studio), Work(studio)
        plan = [('calls', work.call_model, 0.2), ('chats', work.chat, 3), ('lists', work.lists, 2), ('uploads', work.upload, 20), ('shorts', work.short, 120)]
        for name, action, every_s in plan:
            with contextlib.suppress(OSError):
                work(name, action)()
            room.repeat(work(name, action), every_s)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(60, max(0.1, end - time.monotonic())))
            print(f'{(seconds - max(0, end - time.monotonic())) / 60:.0f} min: {dict(work.done)}, failed {dict(work.failed)}, alerts {len(watch.seen)}', flush=True)
        room.rest()
        fired = watch.all()
        watch.end()
        for alert in fired:
            print(f'fired: {alert["kind"]}: {alert["cause"]}')
        print(f'{seconds / 60:.0f} minutes, {sum(work.done.values())} pieces of work ({dict(work.done)}), {sum(work.failed.values())} failed, {len(fired)} alerts')
        return 1 if fired or work.failed else 0
