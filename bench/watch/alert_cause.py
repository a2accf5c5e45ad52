"""What is done to a real studio so that each kind of alert fires, and undone so that it is resolved.

Each cause is a generator: it makes a studio and yields it while nothing is wrong; then does harm and yields; then takes the harm
away. `fires_s` and `resolves_s` bound how long either may take: the alert's own window and a look of each part on the way."""

import contextlib
import dataclasses
import http.client
import threading

from alert_room import Double, Studio


class Unable(Exception):
    """It cannot be provoked on this machine, and why."""


@dataclasses.dataclass
class Cause:
    kind: str
    how: str
    play: object
    words: str         # what the alert's cause must say, a pattern
    fires_s: float
    resolves_s: float
    severity: str = 'ticket'
    beside: tuple = ()  # other kinds that are told of the same, rightly
    keeps_s: float = 2.5  # so long goes on what is wrong, to see that it is told once


CAUSES = []


def cause(kind, how, words, fires_s, resolves_s, **more):
    def add(play):
        CAUSES.append(Cause(kind, how, play, words, fires_s, resolves_s, **more))
        return play
    return add


class Room:
    """What a cause works in; all of it is gone after the block."""

    def __init__(self, folder, faults):
        self.folder, self.faults, self.stack, self.resting = folder, faults, contextlib.ExitStack(), []
        self.faulty = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.rest()
        self.stack.close()

    def studio(self, settings=None, needs_faults=False, **options):
        if needs_faults and not self.faults:
            raise Unable('no C compiler')
        studio = self.stack.enter_context(Studio(self.folder, settings, faults=self.faults if needs_faults else None, **options))
        if needs_faults:
            self.faulty.append(studio)
        return studio

    def faulty_for_a_while(self, settings=None, **faults):
        """The whole of a cause: faults.c does something, and then no more."""
        studio = self.studio(settings, needs_faults=True)
        yield studio
        studio.obey(**faults)
        yield
        self.rest()
        yield

    def double(self, *options):
        double = Double(*options)
        self.stack.callback(double.stop)
        return double

    def on_end(self, action):
        self.stack.callback(action)

    def repeat(self, action, every_s):
        """Does it again and again beside, until rest()."""
        over = threading.Event()

        def go_on():
            while not over.wait(every_s):
                with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
                    action()
        thread = threading.Thread(target=go_on, daemon=True)
        thread.start()
        self.resting.append((over, thread))

    def rest(self):
        for studio in self.faulty:  # or what goes on would wait
            studio.obey()
        for over, thread in self.resting:
            over.set()
            thread.join(70)
        self.resting = []
