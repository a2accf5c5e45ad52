#!/usr/bin/env python3
"""Every kind of alert, provoked for real in a studio of its own: the program is the real one, the provider is the tests' double, and
what is wrong is done from outside (alert_causes_*.py): a full disk, a dead provider, a killed worker; and what the kernel would do,
by a library that is preloaded (faults.c). Of each is told how long it took until it fired, was told to the page, and was
resolved once the cause was gone; that it fired once and nothing else did; what it said, and that the manual has what it leads to.

With --clean there is nothing wrong: light work goes on for so many minutes, and no alert may fire.

Exit code 1 where something was not as it should be. All of it takes up to half an hour, nearly all of which is windows that pass.

Usage: alerts.py [--only KIND,...] [--jobs N] [--markdown] [--clean MINUTES]
Build first: atelier, atelier-media, provider-double; ATELIER_BIN says where, build/release/bin unless given. A C compiler for the
library, root for a disk of its own: without them some kinds are passed over, and told.
"""

import argparse
import concurrent.futures
import dataclasses
import re
import sys
import tempfile
import time
from pathlib import Path

from alert_cause import Room, Unable
from alert_causes import CAUSES
from alert_clean import run_clean
from alert_room import Watch, built_faults, runbooks

TOLD_WITHIN_S = 5
SETTLED_S = 2  # after the start: what was before the first look is what is usual


@dataclasses.dataclass
class Outcome:
    cause: object
    fired_s: float = None
    told_s: float = None  # after it fired
    resolved_s: float = None
    alert: dict = None
    wrong: list = dataclasses.field(default_factory=list)
    passed_over: str = ''


def judge_once(outcome, watch, books):
    """What is kept of it in the end: one alert that fired once, and no other that nobody expects."""
    kind = outcome.cause.kind
    kept = watch.all()
    mine = [alert for alert in kept if alert['kind'] == kind]
    if len(mine) != 1 or mine[0]['count'] != 1:
        outcome.wrong.append(f'fired {sum(alert["count"] for alert in mine)} times: {[alert["cause"] for alert in mine]}')
    for alert in kept:
        if alert['kind'] != kind and alert['kind'] not in outcome.cause.beside:
            outcome.wrong.append(f'{alert["kind"]} fired beside it: {alert["cause"]}')
    if outcome.alert['runbook'].removeprefix('/help/operations#') not in books:
        outcome.wrong.append(f'{outcome.alert["runbook"]} is not in the manual')


def judge_told(outcome, watch, has_resolved):
    for what in ('fired', 'resolved') if has_resolved else ('fired',):
        times = watch.told(outcome.cause.kind, what)
        if len(times) != 1:
            outcome.wrong.append(f'told {len(times)} times that it is {what}')


def provoke(cause, folder, faults, resolves=True):
    """`resolves`: waits until it is over, too."""
    outcome = Outcome(cause)
    try:
        watch_it(outcome, folder, faults, resolves)
    except Unable as reason:
        outcome.passed_over = str(reason)
    except Exception as error:  # of one kind: the others go on
        outcome.wrong.append(f'{type(error).__name__}: {error}')
    return outcome


def watch_it(outcome, folder, faults, resolves):
    cause = outcome.cause
    with Room(folder, faults) as room:
        play = cause.play(room)
        watch = None
        try:
            studio = next(play)
            books = runbooks(studio)
            watch = Watch(studio)
            time.sleep(SETTLED_S)
            begun = time.monotonic()
            next(play)
            fired, alert = watch.await_fired(cause.kind, max(0, begun + cause.fires_s - time.monotonic()))
            if fired is None:
                outcome.wrong.append(f'did not fire within {cause.fires_s:.0f} s; {[one["cause"] for _, one in watch.seen.values()]}')
                return
            outcome.fired_s, outcome.alert = fired - begun, alert
            time.sleep(cause.keeps_s)
            if not re.search(cause.words, alert['cause']):
                outcome.wrong.append('other words than expected')
            if alert['severity'] != cause.severity:
                outcome.wrong.append(f'severity {alert["severity"]}, not {cause.severity}')
            told = watch.told(cause.kind, 'fired')
            if told:
                outcome.told_s = told[0] - fired
                if outcome.told_s > TOLD_WITHIN_S:
                    outcome.wrong.append(f'told after {outcome.told_s:.1f} s')
            if resolves:
                ended = time.monotonic()
                next(play, None)
                over = watch.await_resolved(cause.kind, cause.resolves_s)
                if over is None:
                    outcome.wrong.append(f'not resolved within {cause.resolves_s:.0f} s')
                else:
                    outcome.resolved_s = over - ended
                    time.sleep(3)  # it is told, and stored
                judge_once(outcome, watch, books)
            judge_told(outcome, watch, outcome.resolved_s is not None)
        finally:
            room.rest()
            if watch:
                watch.end()


def line_of(outcome):
    kind = outcome.cause.kind
    if outcome.passed_over:
        return f'{kind}: passed over: {outcome.passed_over}'
    seconds = lambda value: '-' if value is None else f'{value:.1f} s'
    words = outcome.alert['cause'] if outcome.alert else '-'
    state = '; '.join(outcome.wrong) or 'as it should be'
    return f'{kind}: fired after {seconds(outcome.fired_s)}, told {seconds(outcome.told_s)} later, resolved after {seconds(outcome.resolved_s)}: {state}\n  {words}'


def row_of(outcome):
    if outcome.passed_over:
        return f'| `{outcome.cause.kind}` | {outcome.cause.how} | passed over: {outcome.passed_over} | | |'
    seconds = lambda value: '**never**' if value is None else f'{value:.0f} s' if value >= 10 else f'{value:.1f} s'
    words = (outcome.alert['cause'] if outcome.alert else '-').replace('|', '\\|')
    return f'| `{outcome.cause.kind}` | {outcome.cause.how} | {seconds(outcome.fired_s)} | {seconds(outcome.resolved_s)} | {words} |'


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    arguments.add_argument('--only', default='', help='kinds, comma-separated')
    arguments.add_argument('--jobs', type=int, default=len(CAUSES), help='studios side by side')
    arguments.add_argument('--markdown', action='store_true', help='a table at the end')
    arguments.add_argument('--clean', type=float, metavar='MINUTES', help='nothing is wrong for so long')
    options = arguments.parse_args()
    if options.clean:
        return run_clean(options.clean * 60)
    kinds = [cause.kind for cause in CAUSES]
    only = [word for word in options.only.split(',') if word]
    if unknown := set(only) - set(kinds):
        raise SystemExit(f'there is no kind {", ".join(sorted(unknown))}; there are {", ".join(kinds)}')
    wanted = [cause for cause in CAUSES if not only or cause.kind in only]
    outcomes, began = [], time.monotonic()
    with tempfile.TemporaryDirectory(prefix='atelier-alerts-') as folder:
        faults = built_faults(folder)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as jobs:
            begun = []
            # Those that take long first; one after another, so that starts do not meet.
            for cause in sorted(wanted, key=lambda cause: -cause.fires_s - cause.resolves_s):
                room = Path(folder) / cause.kind
                room.mkdir()
                begun.append(jobs.submit(provoke, cause, room, faults))
                time.sleep(1)
            for done in concurrent.futures.as_completed(begun):
                outcomes.append(done.result())
                print(line_of(outcomes[-1]), flush=True)
    outcomes.sort(key=lambda outcome: kinds.index(outcome.cause.kind))
    if options.markdown:
        print('\n| kind | provoked by | fired after | resolved after | words |\n| --- | --- | --- | --- | --- |')
        for outcome in outcomes:
            print(row_of(outcome))
    bad = [outcome for outcome in outcomes if outcome.wrong]
    over = [outcome for outcome in outcomes if outcome.passed_over]
    print(f'\n{len(outcomes) - len(bad) - len(over)} of {len(outcomes)} kinds as they should be, {len(over)} passed over, in {time.monotonic() - began:.0f} s')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
