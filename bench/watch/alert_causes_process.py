"""Alerts of the process itself: its loops, its memory, its descriptors, its clock, its log and its history."""

import contextlib
import http.client
import os
import re
import socket
import sqlite3
import threading
import time

from alert_cause import Unable, cause
from held_thread import hold_thread


@cause('loop_stall', 'the thread of an event loop is stopped for 400 ms (ptrace)', r'^Event loop \d was held for ([3-9]\d\d|\d{4,}) ms; the limit is 50 ms\.$', 4, 130)
def held_loop(room):
    studio = room.studio()
    yield studio
    try:
        hold_thread(studio.pid, 'loop-1', 0.4)
    except OSError as error:
        raise Unable(f'threads cannot be traced: {error}') from error
    yield


@cause('memory_growth', 'some 3.5 MiB are lost each minute (shim), memory_growth_minutes = 6', r'^Memory grows by [12]\d\d MiB an hour, steadily for [56] minutes: it is \d+ MiB by now\. The limit is 48 MiB an hour\.$', 720, 720)
def leak(room):
    yield from room.faulty_for_a_while({'alerts.memory_growth_minutes': 6}, leak_kib=51)


@cause('memory_level', '300 MiB are taken at once, where 200 may be (shim)', r'^The studio has 3\d\d MiB of memory; the limit is 200 MiB\.$', 66, 130, severity='page')
def much_memory(room):
    yield from room.faulty_for_a_while({'alerts.memory_mib_max': 200}, held_mib=300)


@cause('descriptors', 'a limit of 200 descriptors, and 135 connections', r'^(1[789]\d|200) of 200 descriptors are open: connections will be refused\.$', 30, 80, severity='page')
def few_descriptors(room):
    studio = room.studio(descriptors=200)
    yield studio
    lines = [socket.create_connection(('127.0.0.1', studio.port), timeout=5) for _ in range(135)]
    # Those that say nothing are closed after 10 s; these ask for something now and then.
    def ask():
        for line in lines:
            line.sendall(b'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n')
            line.recv(4096)
    room.repeat(ask, 4)
    yield
    room.rest()
    for line in lines:
        line.close()
    yield


@cause('clock_jump', 'the wall clock is set back by three minutes (shim)', r'^The clock jumped back by (179|180)\.\d s; the limit is 2\.0 s\.$', 4, 310)
def jumping_clock(room):
    studio = room.studio(needs_faults=True)
    yield studio
    studio.obey(clock_ms=-180_000)
    yield


def read_all(descriptor):
    with contextlib.suppress(OSError):
        while os.read(descriptor, 1 << 16):
            pass


@cause('log_dropped', 'nobody reads the log (a pipe) while 40,000 requests are refused, log.level = debug', r'^\d+ log lines were dropped: whatever reads them is too slow\.$', 20, 140)
def unread_log(room):
    studio = room.studio({'log.level': 'debug'}, reads_log=False)
    yield studio
    studio.flood(40_000, path='/api/productions/none')
    threading.Thread(target=read_all, args=(studio.unread,), daemon=True).start()
    yield


def ask_all_routes(studio):
    """Each by each of its methods, of things that are not there: so many more figures have a history."""
    for path, methods in studio.call('GET', '/api/openapi.json')['paths'].items():
        for method in [*methods, *(['head'] if 'get' in methods else [])]:
            if path.endswith(('/gc', '/events')):
                continue
            body = {} if method in ('post', 'put', 'patch') else None
            with contextlib.suppress(OSError, http.client.HTTPException):
                studio.request(method.upper(), re.sub(r'\{[^}]*\}', '01jcn00000000000000000000z', path), body)


@cause('history_dropped', 'every route is asked, and another process holds the lock of telemetry.db', r'^\d+ figures found no room in the history; charts have gaps\.$', 3_900, 380, severity='info',
       beside=('burn_rate', 'queue_age', 'memory_growth'))
def locked_history(room):
    studio = room.studio()
    for _ in range(3):  # what happened once, before it was first seen, is no figure
        ask_all_routes(studio)
        time.sleep(1.5)
    yield studio
    lock = sqlite3.connect(studio.data_dir / 'telemetry.db', isolation_level=None, check_same_thread=False, timeout=30)
    room.on_end(lock.close)
    lock.execute('BEGIN IMMEDIATE')
    room.repeat(lambda: ask_all_routes(studio), 15)
    yield
    lock.execute('ROLLBACK')
    yield
