"""Files that were made to hurt (hostile_files.py), sent to a server by every way there is into its library: each is refused with a
problem that says why, or taken and then served so that nobody runs it. Whatever happens to the worker that reads it, the server
goes on as it was: it answers, its memory and its files stay as many. And names of files that lead elsewhere, in all places
where names come out again. With ATELIER_HOSTILE_TABLE=1 what became of each is printed as a table."""

import base64
import collections
import concurrent.futures
import io
import json
import os
import re
import subprocess
import threading
import time
import unicodedata
import unittest
import urllib.parse
import urllib.request
import zipfile

from hostile_files import PICTURE, REFUSED, TAKEN, ffmpeg, hostile_files, slug
from studio import BIN, Server, StudioTest, children_of, memory_kib

WORKER_KIB_MAX = (1 << 20) + (64 << 10)  # what a task is given, and what may be taken between two looks
GROWN_KIB_MAX = 24 << 10
ROUNDS = int(os.environ.get('ATELIER_ROUNDS', '1'))
SERVED = {'image/jpeg', 'image/png', 'image/webp', 'image/gif', 'image/tiff', 'video/mp4', 'video/quicktime', 'audio/mpeg', 'application/pdf'}
MODELS = {'image': 'replicate/black-forest-labs/flux-schnell', 'video': 'fal/fal-ai/veo3.1', 'music': 'fal/fal-ai/lyria2'}
TUS = {'Tus-Resumable': '1.0.0'}
PIECE = {**TUS, 'Content-Type': 'application/offset+octet-stream'}

# What a name would do, and the name.
NAMES = {
    'climbs': '../../etc/passwd',
    'climbs, in Windows': '..\\..\\x.gif',
    'is absolute': '/etc/passwd.gif',
    'is absolute, in Windows': 'C:\\Windows\\win.gif',
    'is on another machine': '\\\\host\\share\\x.gif',
    'is a folder': 'folder/',
    'is dots alone': '..',
    'ends at a NUL': 'x.gif\0.exe',
    'writes lines': 'x\r\nSet-Cookie: a=b\r\n\r\n.gif',
    'writes on a terminal': '\x1b]0;x\x07\x1b[2Jx.gif',
    'writes a header': 'x"; filename="evil.exe.gif',
    'writes another': "x.gif'; filename*=UTF-8''evil.exe",
    'reads backwards': 'x\u202egpj.exe.gif',
    'reads backwards, in another way': 'x\u2066\u200fgpj.exe\u2069.gif',
    'has lines of its own': 'x\u2028y\u2029z.gif',
    'has control characters of eight bits': 'x\x85\x9by.gif',
    'is a device': 'CON',
    'is a device with an ending': 'aux.gif',
    'is a port': 'Com1.tar.gif',
    'ends in dots': 'x.gif...',
    'ends in spaces': 'x.gif   ',
    'is hidden': '.bashrc',
    'is an option': '--checkpoint-action=exec=sh x.gif',
    'has stars': 'a*b?c<d>e|f:g.gif',
    'is long': 'long' * 1024 + '.gif',
    'is long, of wide letters': '\u6f22' * 1365 + '.gif',
    'is a page': '<img src=x onerror=alert(1)>.gif',
    'is nothing': '',
    'is a space': ' ',
    'is no text': b'x\xff\xfe\xc0\xaf..\xc0\xafx.gif',
    'is half a pair': b'x\xed\xa0\x80.gif',
    'is like another (1)': 'Same.gif',
    'is like another (2)': 'same.gif',
    'is like another (3)': 'same.gif',
    'is like another (4)': 'same (2).gif',
    'is like another (5)': 'caf\u00e9.gif',
    'is like another (6)': 'cafe\u0301.gif',
    'is like another (7)': 'CAF\u00c9.GIF',
    'is like another (8)': '\u041c\u043e\u0441\u043a\u0432\u0430.gif',
    'is like another (9)': '\u043c\u043e\u0441\u043a\u0432\u0430.gif',
    'is what the archive says': 'NOT IN THIS ARCHIVE.txt',
}
DEVICE = re.compile(r'(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\..*)?$', re.IGNORECASE)


def tiny_gif(number):
    """Of one pixel, another for each number."""
    colour = number.to_bytes(3, 'big')
    return b'GIF89a\x01\0\x01\0\x80\0\0' + colour + b'\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b'


class Worst:
    """The most memory that any worker of a server had, looked at all the time."""

    def __init__(self, server):
        self.server, self.kib, self.is_over = server, 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def look(self):
        while not self.is_over.wait(0.02):
            for pid in children_of(self.server.pid):
                try:
                    self.kib = max(self.kib, memory_kib(pid))
                except OSError:
                    pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


class Hurt(StudioTest):
    def setUp(self):
        super().setUp()
        process = subprocess.Popen([BIN / 'provider-double'], stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.terminate(), process.wait(), process.stdout.close()))
        self.double = process.stdout.readline().strip()
        environment = {'XDG_CONFIG_HOME': str(self.folder / 'config'), 'REPLICATE_API_TOKEN': 'sk-double', 'REPLICATE_BASE_URL': self.double + '/replicate/v1',
                       'FAL_KEY': 'sk-double', 'FAL_BASE_URL': self.double + '/fal', 'OPENAI_API_KEY': 'sk-double', 'OPENAI_BASE_URL': self.double + '/openai/v1'}
        self.server = self.enterContext(Server(self.folder / 'data', '--set', 'models.find_local=false', environment=environment))

    def control(self, body):
        request = urllib.request.Request(self.double + '/control', json.dumps(body).encode(), {'Content-Type': 'application/json'})
        urllib.request.urlopen(request).close()

    # The ways in. Each gives the answer: of what was taken, the asset's id is in `asset`.

    def upload(self, name, data):
        answer = self.server.request('POST', '/api/assets?name=' + urllib.parse.quote(name, safe=''), data, headers={'Content-Type': 'application/octet-stream'})
        answer.asset = answer.json()['id'] if answer.status == 201 else None
        return answer

    def upload_in_pieces(self, name, data):
        metadata = base64.b64encode(name if isinstance(name, bytes) else name.encode()).decode()
        answer = self.server.request('POST', '/api/uploads', headers={**TUS, 'Upload-Length': str(len(data)), 'Upload-Metadata': f'filename {metadata}'})
        place, half = answer.headers['Location'], len(data) // 2
        for begin, piece in ((0, data[:half]), (half, data[half:])) if place else ():
            answer = self.server.request('PATCH', place, piece, headers={**PIECE, 'Upload-Offset': str(begin)})
            if answer.status >= 400:
                break
        answer.asset = answer.headers['x-atelier-asset']
        return answer

    def begin_making(self, key, kind='image', prompt=''):
        return self.server.call('POST', '/api/generations', {'kind': kind, 'model': MODELS[kind], 'prompt': f'{prompt}[takes 1] [result given {key}]'})['id']

    def end_of(self, generation, timeout_s=120):
        deadline = time.monotonic() + timeout_s
        while (now := self.server.call('GET', f'/api/generations/{generation}'))['state'] == 'running':
            self.assertLess(time.monotonic(), deadline, f'still {now}')
            time.sleep(0.05)
        return now

    # What must hold of the answers.

    def assert_problem(self, answer):
        self.assertIn(answer.status, (400, 413, 415, 422), answer.body[:500])
        self.assertEqual(answer.headers['Content-Type'].split(';')[0], 'application/problem+json')
        problem = answer.json()
        self.assertTrue(problem['code'] and problem['detail'], problem)
        self.assertNotIn('root:', problem['detail'])
        return problem['code']

    def assert_harmless(self, asset, data):
        """It is served as what it is and as nothing else, and never run; what is shown of it is a picture of ours."""
        for path in (f'/api/assets/{asset}/content', f'/api/assets/{asset}/content?download=1'):
            answer = self.server.request('GET', path)
            self.assertEqual((answer.status, answer.body), (200, data))
            self.assertIn(answer.headers['Content-Type'], SERVED)
            self.assertEqual(answer.headers['X-Content-Type-Options'], 'nosniff')
            self.assertIn('sandbox', answer.headers['Content-Security-Policy'])
            self.assertNotIn('allow-scripts', answer.headers['Content-Security-Policy'])
            self.assert_disposition(answer, 'attachment' if 'download' in path else 'inline')
        for path in ('preview?size=320', 'poster', 'cover', 'loop', 'peaks'):
            answer = self.server.request('GET', f'/api/assets/{asset}/{path}')
            self.assertIn(answer.status, (200, 404), answer.body[:200])
            if answer.status == 200:
                self.assertIn(answer.headers['Content-Type'], ('image/webp', 'image/jpeg', 'video/mp4', 'application/octet-stream'))
                self.assertEqual(answer.headers['X-Content-Type-Options'], 'nosniff')
                self.assertNotIn(b'<script', answer.body)
                self.assertNotIn(b'root:', answer.body)

    def assert_disposition(self, answer, kind):
        self.assertRegex(answer.headers['Content-Disposition'], rf"^{kind}; filename\*=UTF-8''[A-Za-z0-9._%-]+$")
        self.assertIsNone(answer.headers['Set-Cookie'])


class HostileFiles(Hurt):
    def setUp(self):
        super().setUp()
        self.files = hostile_files()
        self.table = collections.OrderedDict((file.name, {}) for file in self.files)

    def open_files(self):
        return len(os.listdir(f'/proc/{self.server.pid}/fd'))

    def note(self, file, way, became):
        self.table[file.name][way] = became
        self.assertEqual(self.server.request('GET', '/healthz').status, 200)

    def send(self, file, way, upload):
        with self.subTest(file=file.name, way=way):
            answer = upload(f'{slug(file.name)}.{file.ending}', file.data)
            if answer.asset is None:
                self.note(file, way, f'{answer.status} {self.assert_problem(answer)}')
                self.assertNotEqual(file.fate, TAKEN, answer.body)
                return
            self.note(file, way, self.server.call('GET', f'/api/assets/{answer.asset}')['media_type'])
            self.assertNotEqual(file.fate, REFUSED, 'it was taken')
            self.assert_harmless(answer.asset, file.data)
            self.tell_a_model(answer.asset)
            self.assertEqual(self.server.request('DELETE', f'/api/assets/{answer.asset}').status, 204)

    def tell_a_model(self, asset):
        """With a message it goes as a small picture or as words, or is refused."""
        thread = self.server.call('POST', '/api/threads', {'model': 'openai/double'})['id']
        facts = self.server.call('GET', f'/api/assets/{asset}')
        kind = 'file' if facts['kind'] == 'document' else 'image'
        part = {'type': kind, 'asset_id': asset} | ({'name': facts['name'], 'media_type': facts['media_type']} if kind == 'file' else {})
        answer = self.server.request('POST', f'/api/threads/{thread}/messages', {'parts': [part, {'type': 'text', 'text': 'What is this?'}]})
        if answer.status != 201:
            self.assert_problem(answer)
        self.server.call('DELETE', f'/api/threads/{thread}')

    def make(self):
        """They are what a provider sends for pictures that were asked for."""
        files = [file for file in self.files if file.data]
        for file in files:  # one by one: a question has at most some MB
            self.control({'files': {slug(file.name): base64.b64encode(file.data).decode()}})
        begun = [(file, self.begin_making(slug(file.name), file.kind)) for file in files]
        for file, generation in begun:
            with self.subTest(file=file.name, way='made'):
                ended = self.end_of(generation)
                if ended['state'] == 'failed':
                    self.note(file, 'made', ended['error']['code'])
                    self.assertIn(ended['error']['code'], ('result_wrong_type', 'result_too_large'), ended)
                    self.assertEqual(ended['results'], [])
                    self.assertNotIn('root:', json.dumps(ended))
                    continue
                self.assertEqual(ended['state'], 'succeeded', ended)
                self.assertNotEqual(file.fate, REFUSED, 'it was taken')
                asset = ended['results'][0]['asset']
                self.note(file, 'made', ended['results'][0]['media_type'])
                self.assert_harmless(asset, file.data)
                self.assertEqual(self.server.request('DELETE', f'/api/assets/{asset}').status, 204)
        self.control({'reset': True})

    def all_ways(self):
        for file in self.files:
            self.send(file, 'whole', self.upload)
            if file.data:
                self.send(file, 'in pieces', self.upload_in_pieces)
        self.make()

    def test_by_every_way(self):
        good = ffmpeg(*PICTURE, '-c:v', 'png', form='image2pipe')
        with Worst(self.server) as worst:
            self.all_ways()  # what a server takes once, for whatever it had not done before
            memory, files = memory_kib(self.server.pid), self.open_files()
            for _ in range(ROUNDS):
                self.all_ways()
            # Several at once, which is when workers are killed beside each other.
            with concurrent.futures.ThreadPoolExecutor(4) as several:
                list(several.map(lambda file: self.send(file, 'whole', self.upload), self.files))
            grown = memory_kib(self.server.pid) - memory
        print(f'server: {memory >> 10} MiB, {grown} KiB more after {ROUNDS} more rounds; the largest worker: {worst.kib >> 10} MiB')
        self.assertLess(worst.kib, WORKER_KIB_MAX)
        self.assertLess(grown, GROWN_KIB_MAX)
        deadline = time.monotonic() + 40
        while self.open_files() > files + 2 and time.monotonic() < deadline:  # workers that rest hold some
            time.sleep(0.2)
        self.assertLessEqual(self.open_files(), files + 2)
        # Nothing of them is left, and it works as before.
        self.assertEqual(self.server.call('GET', '/api/assets')['items'], [])
        self.assertEqual(list((self.folder / 'data' / 'uploads').iterdir()), [])
        self.assertEqual(list((self.folder / 'data' / 'blobs' / 'tmp').iterdir()), [])
        taken = self.upload('good.png', good)
        self.assertEqual(taken.status, 201, taken.body)
        self.assertEqual(self.server.request('GET', f'/api/assets/{taken.asset}/preview?size=320').status, 200)
        self.show()

    def test_the_same_at_once(self):
        """Whoever is refused takes nothing away from others who have the same looked at, and the last leaves nothing."""
        files = [file for file in self.files if file.name in ('a web page', 'a program', 'cut in its head')]

        def send(number):
            data = files[number // 8 % 3].data + b'%d' % (number // 8)  # eight at once have the same
            return (self.upload_in_pieces if number % 2 else self.upload)('x.png', data)
        with concurrent.futures.ThreadPoolExecutor(8) as several:
            for answer in several.map(send, range(96)):
                self.assert_problem(answer)
        blobs = self.folder / 'data' / 'blobs'
        self.assertEqual([path for path in blobs.rglob('*') if path.is_file() and path.name != 'reserve'], [])

    def show(self):
        if os.environ.get('ATELIER_HOSTILE_TABLE'):
            print('\n| file | called | whole | in pieces | from a provider |\n| --- | --- | --- | --- | --- |')
            for file in self.files:
                became = self.table[file.name]
                print('| ' + ' | '.join([file.name, file.ending, *(became.get(way, '') for way in ('whole', 'in pieces', 'made'))]) + ' |')


class HostileNames(Hurt):
    def assert_shown(self, name, bytes_max=200):
        self.assertTrue(name)
        self.assertLessEqual(len(name.encode()), bytes_max)
        self.assertNotRegex(name, '[/\\\\]')
        for letter in name:
            self.assertNotIn(unicodedata.category(letter), ('Cc', 'Zl', 'Zp', 'Cs'), repr(name))
            self.assertNotIn(unicodedata.bidirectional(letter), ('LRE', 'RLE', 'LRO', 'RLO', 'PDF', 'LRI', 'RLI', 'FSI', 'PDI'), repr(name))

    def assert_unpacks(self, archive, count):
        names = archive.namelist()
        self.assertEqual(len(names), count)
        self.assertIsNone(archive.testzip())
        folded = [unicodedata.normalize('NFC', name).casefold() for name in names]
        self.assertEqual(len(set(folded)), count, sorted(names))
        for name in names:
            self.assert_shown(name, 255)
            self.assertNotRegex(name, '[:*?"<>|]')
            self.assertFalse(name.startswith('.') or name.endswith(('.', ' ')), name)
            self.assertIsNone(DEVICE.match(name), name)
        folder = self.folder / 'unpacked'
        archive.extractall(folder)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), sorted(names))

    def test_lead_nowhere(self):
        assets, numbers = [], iter(range(1, 10_000))
        for way, upload in (('whole', self.upload), ('in pieces', self.upload_in_pieces)):
            for what, name in NAMES.items():
                with self.subTest(name=what, way=way):
                    answer = upload(name, tiny_gif(next(numbers)))
                    if answer.status == 414:  # as it must be written there
                        self.assertGreater(len(urllib.parse.quote(name)), 8_000)
                        continue
                    self.assertIn(answer.status, (201, 204), answer.body)
                    assets.append(answer.asset)
        for what, name in NAMES.items():
            if isinstance(name, str) and name.strip():
                with self.subTest(name=what, way='given later'):
                    asset = self.upload('x.gif', tiny_gif(next(numbers))).asset
                    changed = self.server.request('PATCH', f'/api/assets/{asset}', {'name': name})
                    self.assertIn(changed.status, (200, 400), changed.body)
                    assets.append(asset)
        self.control({'files': {f'g{number}': base64.b64encode(tiny_gif(20_000 + number)).decode() for number in range(len(NAMES))}})
        begun = [(what, self.begin_making(f'g{number}', prompt=name)) for number, (what, name) in enumerate(NAMES.items()) if isinstance(name, str) and '\0' not in name]
        for what, generation in begun:
            with self.subTest(name=what, way='asked for'):
                ended = self.end_of(generation)
                self.assertEqual(ended['state'], 'succeeded', ended)
                assets.append(ended['results'][0]['asset'])
        for asset in assets:
            self.assert_shown(self.server.call('GET', f'/api/assets/{asset}')['name'])
            for query, kind in (('', 'inline'), ('?download=1', 'attachment')):
                answer = self.server.request('GET', f'/api/assets/{asset}/content{query}')
                self.assert_disposition(answer, kind)
        answer = self.server.request('GET', '/api/assets/zip')
        self.assertEqual(answer.status, 200)
        self.assert_unpacks(zipfile.ZipFile(io.BytesIO(answer.body)), len(assets))
        # Nothing came to lie outside the folders that are known, under a name of its own.
        data = self.folder / 'data'
        for path in data.rglob('*'):
            if path.is_file() and path.relative_to(data).parts[0] in ('blobs', 'uploads'):
                self.assertRegex(path.name, r'^([0-9a-f]{60,64}|reserve|[0-9A-Z]{26})$')


if __name__ == '__main__':
    unittest.main()
