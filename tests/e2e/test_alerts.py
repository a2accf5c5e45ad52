"""Alerts of a real studio that something real is wrong with: those that fire within seconds, each with a studio of its own. All
kinds, and that each is resolved once it is well again, are bench/watch/alerts.py."""

import concurrent.futures
import re
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'bench' / 'watch'))

from alert_causes import CAUSES
from alert_room import built_faults
from alerts import provoke

QUICK = ('clock_jump', 'disk_full', 'log_dropped', 'loop_stall', 'pool_exhausted', 'queue_age', 'slow_queries')
SLOWER = 4  # on a machine that does other things, too


class Alerts(unittest.TestCase):
    def test_each_kind_has_a_cause(self):
        source = (Path(__file__).resolve().parents[2] / 'src' / 'watch' / 'alert' / 'alert.cpp').read_text()
        self.assertEqual([cause.kind for cause in CAUSES], re.findall(r'AlertKind::\w+, "(\w+)"', source))

    def test_those_that_fire_within_seconds(self):
        wanted = [cause for cause in CAUSES if cause.kind in QUICK]
        self.assertEqual(len(wanted), len(QUICK))
        for cause in wanted:
            cause.fires_s *= SLOWER
        folder = self.enterContext(tempfile.TemporaryDirectory(prefix='atelier-alerts-'))
        faults = built_faults(folder)

        def room_of(cause):
            room = Path(folder) / cause.kind
            room.mkdir()
            return room
        with concurrent.futures.ThreadPoolExecutor(len(wanted)) as jobs:
            outcomes = list(jobs.map(lambda cause: provoke(cause, room_of(cause), faults, resolves=False), wanted))
        for outcome in outcomes:
            with self.subTest(outcome.cause.kind):
                if outcome.passed_over:
                    self.skipTest(outcome.passed_over)
                self.assertEqual(outcome.wrong, [], outcome.alert and outcome.alert['cause'])


if __name__ == '__main__':
    unittest.main()
