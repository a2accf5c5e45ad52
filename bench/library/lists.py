#!/usr/bin/env python3
"""How soon a server answers for lists of a library of 100,000 assets: what a grid asks for first, jumps, filters, searches.

Fills a fresh data folder with rows (no files: lists read none), waits until the search has read them all, and asks over one
connection. Prints medians and the 95th percentile of 41 answers each, with their size.

    bench/library/lists.py build/release/bin/atelier
"""
import http.client
import os
import pathlib
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

COUNT = 100_000
ANSWERS = 41
OWNER = '00000000000000000000000001'
WORDS = 'cat dog sunset red blue lamp forest city rain portrait old small green house river night'.split()
FACTS = '{"width":1024,"height":768,"codec":"png"}'
QUESTIONS = [
    ('the first 60', '?limit=60'),
    ('with how many there are', '?limit=60&total=true'),
    ('60 in the middle', f'?limit=60&skip={COUNT // 2}'),
    ('60 at the end', f'?limit=60&skip={COUNT - 100}'),
    ('by name, 60 in the middle', f'?limit=60&sort=name&skip={COUNT // 2}'),
    ('one in a hundred (documents), with how many', '?limit=60&kind=document&total=true'),
    ('of a folder, with how many', '?limit=60&total=true&folder=01F' + '1'.zfill(23)),
    ('of a tag, with how many', '?limit=60&total=true&tag=tag5'),
    ('two words, with how many', '?limit=60&total=true&q=cat+lamp'),
    ('two words, by name', '?limit=60&sort=name&q=cat+lamp'),
]


def start(program, folder):
    server = subprocess.Popen([program, 'serve', '--data-dir', folder, '--listen', '127.0.0.1:0'],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={'PATH': os.environ['PATH'], 'HOME': folder})
    return server, int(re.search(r'http://[^:]+:(\d+)', server.stdout.readline())[1])


def stop(server):
    server.terminate()
    server.wait()


def fill(path):
    chance = random.Random(1)
    assets, tags, lineage = [], [], []
    for number in range(COUNT):
        asset = '01HX' + str(number).zfill(22)
        name = ' '.join(chance.choices(WORDS, k=3)) + '.png'
        kind = chance.choices(['image', 'video', 'audio', 'document'], [80, 10, 9, 1])[0]
        folder = chance.choice([''] * 8 + ['01F' + str(place).zfill(23) for place in range(5)])
        is_made = number % 3 == 0
        assets.append((asset, OWNER, str(number).zfill(64), chance.randrange(1 << 24), 'image/png', kind, name, FACTS,
                       1_700_000_000_000 + number, 'ready', folder, 'run' if is_made else 'upload',
                       '01R' + str(number).zfill(23) if is_made else '', name))
        if number % 5 == 0:
            tags.append((OWNER, f'tag{number % 50}', asset, 0))
        if is_made:
            lineage.append((asset, OWNER, 'double', 'painter-1', ' '.join(chance.choices(WORDS, k=20)), '{}', '', '', 0))
    with sqlite3.connect(path) as database:
        database.executemany('INSERT INTO assets (id, owner, digest, size_bytes, media_type, kind, name, facts, created_ms, '
                             'preview_state, folder, origin, origin_id, folded) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)', assets)
        database.executemany('INSERT INTO asset_tags VALUES (?,?,?,?)', tags)
        database.executemany('INSERT INTO asset_lineage (asset, owner, provider, model, prompt, parameters, run, step, '
                             'created_ms) VALUES (?,?,?,?,?,?,?,?,?)', lineage)
    database.close()


def wait_until_read(path):
    began = time.monotonic()
    while True:
        database = sqlite3.connect(f'file:{path}?mode=ro', uri=True)
        left, = database.execute('SELECT count(*) FROM assets WHERE read_revision <> words_revision').fetchone()
        database.close()
        if left == 0:
            return time.monotonic() - began
        time.sleep(1)


def ask(connection, path):
    began = time.perf_counter()
    connection.request('GET', path)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status, body)
    return (time.perf_counter() - began) * 1_000, len(body)


def main():
    with tempfile.TemporaryDirectory() as folder:
        database = pathlib.Path(folder, 'studio.db')
        stop(start(sys.argv[1], folder)[0])
        fill(database)
        server, port = start(sys.argv[1], folder)
        try:
            print(f'{COUNT} assets read for the search after {wait_until_read(database):.0f} s')
            connection = http.client.HTTPConnection('127.0.0.1', port)
            for name, query in QUESTIONS:
                answers = sorted(ask(connection, '/api/assets/rows' + query) for _ in range(ANSWERS))
                print(f'{name:44} {answers[ANSWERS // 2][0]:6.1f} ms  p95 {answers[ANSWERS * 95 // 100][0]:6.1f} ms  '
                      f'{answers[0][1] / 1024:5.1f} KiB')
        finally:
            stop(server)


if __name__ == '__main__':
    main()
