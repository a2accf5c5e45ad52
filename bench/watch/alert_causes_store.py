"""Alerts of what the studio keeps: the disk, the quota, the database and its queues."""

import os
import random
import signal
import sqlite3
import struct
import subprocess
import time
import zlib

from alert_cause import Unable, cause
from studio import children_of
from test_bad_input import fill, mounted


@cause('disk_full', 'a disk of 96 MiB of its own is filled to the last byte', r'^0\.0 MiB of 96 MiB are free where the studio keeps its data; the limit is 4\.8 MiB\.$', 13, 75, severity='page')
def full_disk(room):
    data = room.folder / 'data'
    if not mounted(data, '96m'):
        raise Unable('a small file system cannot be mounted here')
    room.on_end(lambda: subprocess.run(['umount', '-l', str(data)]))
    studio = room.studio()
    yield studio
    taken = fill(data)
    yield
    taken.unlink()
    yield


def noise(side, seed):
    """A PNG that nothing can be saved of: what is made of it takes much room."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    dots = random.Random(seed)
    rows = b''.join(b'\0' + dots.randbytes(3 * side) for _ in range(side))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)) + chunk(b'IDAT', zlib.compress(rows, 1)) + chunk(b'IEND', b'')


@cause('quota_full', 'a run whose parts take more than the quota of 64 MiB, and goes on (its worker mostly stopped)', r'^What can be made again takes [\d.]+ MiB; it may take 64 MiB, and nothing of it can be let go\.$', 900, 420)
def large_run(room):
    studio = room.studio({'storage.derived_quota_mib': 64, 'media.workers': 1})
    picture = studio.call('POST', '/api/assets?name=noise.png', noise(1_400, 1), headers={'Content-Type': 'application/octet-stream'})
    yield studio
    story = '\n\n'.join(f'![](asset:{picture["id"]})\nThe keeper counted lamp number {number}, and it was burning.' for number in range(60))
    _, run = studio.render(story)
    derived = lambda: next(float(line.split()[-1]) for line in studio.request('GET', '/metrics').body.decode().splitlines() if line.startswith('atelier_blobs_derived_bytes '))
    while derived() < 70 << 20:
        assert studio.call('GET', f'/api/runs/{run}')['state'] == 'running', studio.call('GET', f'/api/runs/{run}')
        time.sleep(0.2)

    def slow_down():
        workers = children_of(studio.pid)
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        time.sleep(0.95)
        for worker in workers:
            os.kill(worker, signal.SIGCONT)
    room.repeat(slow_down, 0.05)
    yield
    room.rest()
    studio.call('POST', f'/api/runs/{run}/cancel')
    yield


@cause('queue_depth', '5,200 calls, answered while another process holds the lock of telemetry.db', r'^5[1-3]\d\d calls wait to be written to the log; the limit is 5000\.$', 40, 100)
def locked_log(room):
    double = room.double('--load')
    studio = room.studio(double=double)
    studio.ask('openai/m')
    yield studio
    lock = sqlite3.connect(studio.data_dir / 'telemetry.db', isolation_level=None, check_same_thread=False)
    room.on_end(lock.close)
    lock.execute('BEGIN IMMEDIATE')
    studio.flood(5_200, 'POST', '/v1/chat/completions', {'model': 'openai/m', 'messages': [{'role': 'user', 'content': 'hello'}]})
    yield
    lock.execute('ROLLBACK')
    yield


@cause('queue_age', 'syncs of studio.db do not come back (shim), four writes wait', r'^The oldest of \d+ writes has waited 1\d s for the database; the limit is 10 s\.$', 22, 80,
       severity='page')
def hanging_disk(room):
    studio = room.studio(needs_faults=True)
    yield studio
    studio.obey(sync_hangs=1)
    for _ in range(4):
        room.repeat(lambda: studio.call('POST', '/api/productions', {'story': 'A lamp.'}), 0.05)
    yield
    room.rest()
    yield


@cause('slow_queries', 'each read that a query needs of a database file takes 300 ms more (shim)', r'^\d+ database queries of the last minute took over 250 ms; the limit is 5\.$', 12, 190)
def slow_disk(room):
    studio = room.studio(needs_faults=True)
    yield studio
    studio.obey(read_ms=300)

    def ask():  # what others write has to be read anew
        studio.call('POST', '/api/productions', {'story': 'A lamp.'})
        studio.call('GET', '/api/productions')
    for _ in range(3):
        room.repeat(ask, 0.05)
    yield
    room.rest()
    yield
