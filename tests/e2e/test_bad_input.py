"""Bad input: one clear error that names what and where, the documented exit code, nothing left, and a server that goes on."""

import os
import resource
import signal
import struct
import subprocess
import unittest
import zlib

from studio import TWO_SCENES, Server, StudioTest, atelier

BAD_INPUT, UNAVAILABLE = 3, 4


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


class AFullDisk(StudioTest):
    def setUp(self):
        super().setUp()
        data = self.folder / 'data'
        data.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(['mount', '-t', 'tmpfs', '-o', 'size=2m', 'none', str(data)], capture_output=True).returncode == 0
        if not mounted:
            self.skipTest('a small file system cannot be mounted here')
        self.addCleanup(subprocess.run, ['umount', '-l', str(data)])

    @unittest.expectedFailure  # a write of the database that finds no room is made again for ever, and so make hangs
    def test_ends_the_work_and_leaves_nothing(self):
        answer = self.make(self.write_story(TWO_SCENES), timeout_s=20)
        self.assertEqual(answer.returncode, UNAVAILABLE, answer.stderr)
        self.assertRegex(answer.stderr.strip().splitlines()[-1], r'^atelier: .*(space|full)')
        self.assertEqual(list(self.output.iterdir()), [])


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
