"""Bad input: one clear error that names what and where, the documented exit code, nothing left, and a server that goes on."""

import os
import resource
import signal
import struct
import subprocess
import time
import unittest
import zlib

from studio import ATELIER, TWO_SCENES, Server, StudioTest, atelier, clean_environment

BAD_INPUT, UNAVAILABLE = 3, 4
LONGER = '\n\n'.join(f'The keeper counted lamp number {number}, and it was burning.' for number in range(6))


def huge_png(side=30_000):
    """A whole picture of one bit a pixel: a few kilobytes that unpack to nearly a thousand million pixels."""
    def chunk(kind, data):
        return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    packer = zlib.compressobj(6)
    row = bytes(1 + side // 8)
    data = b''.join(packer.compress(row * 100) for _ in range(side // 100)) + packer.flush()
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 1, 0, 0, 0, 0)) + chunk(b'IDAT', data) + chunk(b'IEND', b''))


def cut_mp4(folder):
    whole = folder / 'whole.mp4'
    subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc=s=320x240:d=1', '-pix_fmt', 'yuv420p', str(whole)], check=True, timeout=60)
    data = whole.read_bytes()
    whole.unlink()
    return data[:len(data) // 2]


PLAYLIST = b'#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/hostname\n#EXT-X-ENDLIST\n'


class BadStory(StudioTest):
    def refused(self, story, *named, code=BAD_INPUT, **options):
        """Makes a short of the story, which has to be refused in one line that has all the words of `named`."""
        before = sorted(self.output.iterdir())
        answer = self.make(story, timeout_s=60, **options)
        lines = answer.stderr.strip().splitlines()
        self.assertEqual(answer.returncode, code, answer.stderr)
        self.assertEqual(answer.stdout, '')
        self.assertEqual(len(lines), 1, answer.stderr)
        self.assertTrue(lines[0].startswith('atelier: '), lines[0])
        for word in named:
            self.assertIn(word, lines[0])
        self.assertEqual(sorted(self.output.iterdir()), before)
        self.assert_no_blobs()

    def assert_no_blobs(self):
        blobs = self.folder / 'data' / 'blobs'
        if blobs.exists():
            self.assertEqual([path for path in blobs.rglob('*') if path.is_file() and path.parent.name == 'tmp'], [])

    def picture(self, name, data=None):
        if data is not None:
            (self.folder / name).write_bytes(data)
        return self.write_story(f'The first scene.\n\n![]({name})\nThe second scene.\n')

    def test_an_empty_one(self):
        for text in ('', '\n \n', '---\ntitle: Nothing\n---\n'):
            self.refused(self.write_story(text), 'story.md', 'no text')

    def test_a_line_of_a_megabyte(self):
        self.refused(self.write_story('word ' * 210_000), 'story.md')

    def test_one_that_is_a_folder(self):
        self.refused(self.folder, str(self.folder))

    def test_one_that_is_not_there(self):
        self.refused(self.folder / 'none.md', 'none.md')

    def test_an_unknown_field_gets_a_suggestion(self):
        self.refused(self.write_story('---\nsise: 1080x1080\n---\nHello.\n'), 'story.md:2', 'sise', 'size')

    def test_a_picture_that_is_missing(self):
        self.refused(self.picture('none.jpg'), 'story.md:3:1', 'none.jpg')

    def test_a_picture_outside_the_folder(self):
        inner = self.folder / 'inner'
        inner.mkdir()
        (self.folder / 'x.jpg').write_bytes(b'x')
        (inner / 'link.jpg').symlink_to(self.folder / 'x.jpg')
        for link in ('../x.jpg', str(self.folder / 'x.jpg'), 'link.jpg'):
            with self.subTest(link):
                self.refused(self.write_story(f'Hello.\n\n![]({link})\nThere.\n', 'inner/story.md'), 'story.md:3:1', link)

    def test_a_text_file_named_jpg(self):
        self.refused(self.picture('text.jpg', b'hello, no picture\n'), 'story.md:3:1', 'text.jpg')

    def test_a_picture_of_900_million_pixels(self):
        self.refused(self.picture('huge.png', huge_png()), 'story.md:3:1', 'huge.png', '30000')

    def test_a_truncated_clip(self):
        self.refused(self.picture('cut.mp4', cut_mp4(self.folder)), 'story.md:3:1', 'cut.mp4')

    def test_a_playlist_named_mp4(self):
        self.refused(self.picture('list.mp4', PLAYLIST), 'story.md:3:1', 'list.mp4')

    def test_an_output_folder_that_is_not_there(self):
        answer = self.make(self.write_story(TWO_SCENES), output='none/short.mp4')
        self.assertNotEqual(answer.returncode, 0)
        self.assertIn('none/short.mp4', answer.stderr)


def mounted(folder, size):
    """Whether an empty file system of that size could be put there."""
    folder.mkdir(parents=True, exist_ok=True)
    return os.geteuid() == 0 and subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=700', 'none', str(folder)], capture_output=True).returncode == 0


def fill(folder):
    """Leaves no byte of room; the file that took it."""
    path = folder / 'fill'
    with open(path, 'wb', buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                pass
    return path


class AFullDisk(StudioTest):
    """The data folder is a disk of its own; so may be that of the blobs, so that either can be full."""

    def setUp(self):
        super().setUp()
        self.data = self.folder / 'data'
        self.mount(self.data, '64m')

    def mount(self, folder, size):
        if not mounted(folder, size):
            self.skipTest('a small file system cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', str(folder)])

    def resize(self, size):
        subprocess.run(['mount', '-o', f'remount,size={size}', str(self.data)], check=True)

    def assert_told(self, answer):
        self.assertEqual(answer.returncode, UNAVAILABLE, answer.stderr)
        lines = answer.stderr.strip().splitlines()
        self.assertRegex(lines[-1], '^atelier: .*no room')
        self.assertIn(str(self.data), lines[-1])
        self.assertEqual([line for line in lines if line.startswith('atelier: ')], lines[-1:])
        self.assert_nothing_half_written()

    def assert_nothing_half_written(self):
        self.assertEqual(list(self.output.iterdir()), [])
        self.assertEqual(list((self.data / 'blobs').glob('tmp/*')), [])

    def stalled(self, server):
        """A run of this server that stands still, its production and what takes the room."""
        production, run = server.render(LONGER, size='1080x1080', fps=24)
        while server.call('GET', f'/api/runs/{run}')['done_count'] < 2:
            time.sleep(0.01)
        filler = fill(self.data)
        deadline = time.monotonic() + 20
        while 'stalled' not in server.call('GET', f'/api/runs/{run}'):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        return production, run, filler

    def test_ends_make_and_the_next_one_goes_on(self):
        self.resize('2m')
        story = self.write_story(TWO_SCENES)
        self.assert_told(self.make(story, timeout_s=20))
        self.resize('64m')
        self.assertEqual(self.make(story).returncode, 0)
        self.assertTrue((self.output / 'short.mp4').exists())
        with Server(self.data) as server:
            ended = [server.wait_for(run['id']) for run in server.call('GET', '/api/runs')['items']]
            self.assertEqual(ended[0]['state'], 'succeeded')
            # Where files found no room, but what became of the run did, it has failed for that and nothing else.
            for run in ended[1:]:
                told = (run['state'], run['error'] and run['error']['code'])
                self.assertIn(told, [('succeeded', None), ('failed', 'storage_full')])

    def test_from_the_start_ends_make(self):
        (self.data / 'blobs').mkdir()
        fill(self.data)
        self.assert_told(self.make(self.write_story(TWO_SCENES), timeout_s=20))

    def test_for_what_steps_make_ends_make(self):
        self.mount(self.data / 'blobs', '200k')
        self.assert_told(self.make(self.write_story(TWO_SCENES), timeout_s=30))

    def test_leaves_a_server_that_answers_and_a_run_that_goes_on(self):
        self.mount(self.data / 'blobs', '64m')
        with Server(self.data) as server:
            production, run, filler = self.stalled(server)
            for view in (server.call('GET', f'/api/runs/{run}'), server.call('GET', '/api/runs')['items'][0], server.call('GET', '/api/productions')['items'][0]['run']):
                self.assertEqual((view['state'], view['stalled']['code']), ('running', 'storage_full'))
            self.assertEqual(server.request('GET', '/healthz').status, 200)
            self.assertEqual(server.request('GET', '/readyz').status, 200)
            for path, body in (('/api/productions', {'story': 'Hello.'}), (f'/api/runs/{run}/retry', {})):
                refused = server.request('POST', path, body)
                self.assertEqual((refused.status, refused.json()['code']), (507, 'storage_full'), refused.body)
                self.assertIn('no room', refused.json()['detail'])
            filler.unlink()
            ended = server.wait_for(run)
            self.assertEqual(ended['state'], 'succeeded', ended)
            self.assertNotIn('stalled', ended)
            self.assertEqual(server.file(production)[4:8], b'ftyp')
        self.assert_nothing_half_written()

    def test_does_not_keep_a_server_from_stopping(self):
        self.mount(self.data / 'blobs', '64m')
        server = Server(self.data)
        production, run, filler = self.stalled(server)
        began = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - began, 5)
        with Server(self.data) as server:  # on the full disk still
            self.assertEqual(server.call('GET', f'/api/runs/{run}')['state'], 'running')
            filler.unlink()
            self.assertEqual(server.wait_for(run)['state'], 'succeeded')
            self.assertEqual(server.file(production)[4:8], b'ftyp')

    def test_ends_a_make_that_handed_its_work_to_a_server(self):
        self.mount(self.data / 'blobs', '64m')
        with Server(self.data) as server:
            command = [ATELIER, 'make', str(self.write_story(LONGER)), '-o', str(self.output / 'short.mp4'), '--data-dir', str(self.data)]
            make = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
            runs = []
            while not runs or runs[0]['done_count'] < 2:
                runs = server.call('GET', '/api/runs')['items']
                time.sleep(0.01)
            filler = fill(self.data)
            began = time.monotonic()
            stdout, stderr = make.communicate(timeout=20)
            self.assertLess(time.monotonic() - began, 10)
            self.assert_told(subprocess.CompletedProcess(command, make.returncode, stdout, stderr))
            self.assert_told(self.make(self.write_story(TWO_SCENES), timeout_s=20))  # its production has no room
            filler.unlink()
            self.assertEqual(server.wait_for(runs[0]['id'])['state'], 'cancelled')


class AFullOutputFolder(StudioTest):
    def test_leaves_no_part_of_a_file(self):
        story = self.write_story(TWO_SCENES)
        self.assertEqual(self.make(story).returncode, 0)
        for path in self.output.iterdir():
            path.unlink()

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

        with Server(self.folder / 'data'):
            answer = self.make(story, preexec_fn=limit, timeout_s=60)
        self.assertNotEqual(answer.returncode, 0)
        self.assertEqual(len(answer.stderr.strip().splitlines()[-1:]), 1)
        self.assertIn('atelier: ', answer.stderr)
        self.assertEqual(list(self.output.iterdir()), [])


class AServer(StudioTest):
    def setUp(self):
        super().setUp()
        self.server = Server(self.folder / 'data')
        self.addCleanup(self.server.stop)
        assert self.server.port, self.server.read_log()

    def problem(self, status, code, method, path, body=None, **options):
        answer = self.server.request(method, path, body, **options)
        self.assertIn(answer.status, status if isinstance(status, tuple) else (status,), answer.body[:500])
        self.assertEqual(answer.headers['Content-Type'].split(';')[0], 'application/problem+json')
        problem = answer.json()
        for name in ('code', 'title', 'detail', 'request_id'):
            self.assertTrue(problem[name], problem)
        if code:
            self.assertEqual(problem['code'], code)
        self.assertEqual(self.server.request('GET', '/healthz').status, 200)
        return problem

    def upload(self, name, data, media_type):
        return self.problem((400, 413, 415, 422), None, 'POST', f'/api/assets?name={name}', data, headers={'Content-Type': media_type})

    def test_refuses_files_that_are_not_what_they_say(self):
        self.upload('text.jpg', b'hello, no picture\n', 'image/jpeg')
        self.assertIn('30000', self.upload('huge.png', huge_png(), 'image/png')['detail'])
        self.upload('cut.mp4', cut_mp4(self.folder), 'video/mp4')
        self.upload('list.mp4', PLAYLIST, 'video/mp4')
        self.assertEqual(self.server.call('GET', '/api/assets')['items'], [])
        blobs = self.folder / 'data' / 'blobs'
        self.assertEqual([path for path in blobs.rglob('*') if path.is_file() and path.name != 'reserve'], [])

    def test_takes_no_path_of_its_own_machine(self):
        problem = self.problem((400, 422), None, 'POST', '/api/productions', {'story': 'Hello.\n\n![](/etc/hostname)\nThere.'})
        self.assertIn('3', problem['where'])

    def test_refuses_an_unknown_field_and_suggests(self):
        problem = self.problem((400, 422), None, 'POST', '/api/productions', {'story': 'Hello.', 'titel': 'New'})
        self.assertIn('titel', problem['where'] + problem['detail'])
        self.assertIn('title', problem['detail'].split(': ', 1)[-1] if ': ' in problem['detail'] else problem['detail'])

    def test_refuses_bodies_that_are_no_json(self):
        for body in (b'{"story":', b'[]', b'\xff\xfe', b'{"story":"a"}{', b'[' * 5000):
            self.problem((400, 422), None, 'POST', '/api/productions', body, headers={'Content-Type': 'application/json'})

    def test_refuses_an_edit_of_what_has_changed_since(self):
        production = self.server.call('POST', '/api/productions', {'story': 'Hello.'})
        path = f'/api/productions/{production["id"]}'
        self.problem((409, 412), None, 'PATCH', path, {'title': 'New'}, headers={'If-Match': '"999"'})
        self.problem((400, 428), None, 'PATCH', path, {'title': 'New'})
        self.assertEqual(self.server.call('GET', path)['revision'], production['revision'])
        self.server.call('PATCH', path, {'title': 'New'}, headers={'If-Match': f'"{production["revision"]}"'})

    def test_answers_only_for_its_own_host(self):
        self.problem(421, 'host_unknown', 'GET', '/api/productions', headers={'Host': 'evil.example'})

    def test_refuses_pages_of_other_sites(self):
        for headers in ({'Origin': 'https://evil.example'}, {'Origin': 'null'}, {'Sec-Fetch-Site': 'cross-site'}):
            self.problem(403, 'origin_refused', 'POST', '/api/productions', {'story': 'Hello.'}, headers=headers)
        self.assertEqual(self.server.call('GET', '/api/productions')['items'], [])

    def test_says_what_is_not_there(self):
        self.problem(404, None, 'GET', '/api/nothing')
        self.problem(404, None, 'GET', '/api/productions/01ARZ3NDEKTSV4RRFFQ69G5FAV')
        self.problem(405, None, 'PUT', '/api/productions', {})


class AServerWithKeys(StudioTest):
    def setUp(self):
        super().setUp()
        data = self.folder / 'data'
        self.keys = {}
        for name, role in (('root', 'admin'), ('ann', 'member'), ('bob', 'member')):
            made = atelier('keys', 'create', name, '--role', role, '--data-dir', data)
            self.assertEqual(made.returncode, 0, made.stderr)
            self.keys[name] = made.stdout.strip()
        self.server = Server(data, '--set', 'access.require_key=true')
        self.addCleanup(self.server.stop)
        assert self.server.port, self.server.read_log()

    def status(self, name, method, path, body=None, **options):
        return self.server.request(method, path, body, key=self.keys.get(name), **options).status

    def test_asks_for_one(self):
        self.assertEqual(self.status(None, 'GET', '/api/productions'), 401)
        self.assertEqual(self.server.request('GET', '/api/productions', key='wrong').status, 401)
        self.assertEqual(self.status('ann', 'GET', '/api/productions'), 200)

    def test_shows_members_only_what_is_theirs(self):
        production = self.server.call('POST', '/api/productions', {'story': 'Hello.'}, key=self.keys['ann'])
        path = f'/api/productions/{production["id"]}'
        self.assertEqual(self.status('ann', 'GET', path), 200)
        self.assertEqual(self.status('bob', 'GET', path), 404)
        self.assertEqual(self.status('bob', 'DELETE', path), 404)
        self.assertEqual(self.status('bob', 'POST', path + '/render'), 404)
        self.assertEqual(self.server.call('GET', '/api/productions', key=self.keys['bob'])['items'], [])

    def test_keeps_operators_things_from_members(self):
        for path in ('/metrics', '/api/keys'):
            self.assertEqual(self.status('ann', 'GET', path), 403, path)
            self.assertEqual(self.status('root', 'GET', path), 200, path)

    def test_a_session_needs_its_token_to_change_anything(self):
        answer = self.server.request('POST', '/api/session', {'key': self.keys['ann']})
        self.assertEqual(answer.status, 200, answer.body)
        cookie = answer.headers['Set-Cookie']
        self.assertIn('HttpOnly', cookie)
        self.assertIn('SameSite', cookie)
        headers = {'Cookie': cookie.split(';')[0]}
        self.assertEqual(self.status(None, 'GET', '/api/productions', headers=headers), 200)
        self.assertEqual(self.status(None, 'POST', '/api/productions', {'story': 'Hello.'}, headers=headers), 403)
        self.assertEqual(self.status(None, 'POST', '/api/productions', {'story': 'Hello.'}, headers={**headers, 'X-CSRF-Token': 'x'}), 403)
        self.assertEqual(self.status(None, 'POST', '/api/productions', {'story': 'Hello.'}, headers={**headers, 'X-CSRF-Token': answer.json()['csrf']}), 201)


if __name__ == '__main__':
    unittest.main()
