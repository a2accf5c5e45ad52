"""`atelier make`: what it writes, that it is the same every time, and how it behaves on the way."""

import json
import signal
import subprocess
import time
import unittest

from studio import ATELIER, ENDINGS, TWO_SCENES, Server, StudioTest, boxes, clean_environment, ffprobe, frame_hashes, loudness

FPS = 24
COMMON_STEPS = {'soundtrack', 'captions', 'assemble', 'poster', 'publish'}


def events(answer):
    return [json.loads(line) for line in answer.stdout.splitlines()]


def succeeded(answer):
    """Step -> whether it came from the cache."""
    return {event['step']: event['cached'] for event in events(answer) if event['event'] == 'step' and event['state'] == 'succeeded'}


class AShort(StudioTest):
    """One file, made once, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.maker = StudioTest()
        cls.maker.setUp()
        cls.addClassCleanup(cls.maker.doCleanups)
        cls.answer = cls.maker.make(cls.maker.write_story(TWO_SCENES))
        cls.video = cls.maker.output / 'short.mp4'

    def test_has_its_companions_and_nothing_else_beside_it(self):
        self.assertEqual(self.answer.returncode, 0, self.answer.stderr)
        self.assertEqual(sorted(path.name for path in self.maker.output.iterdir()), sorted('short' + ending for ending in ENDINGS))
        for ending in ENDINGS:
            self.assertGreater((self.maker.output / ('short' + ending)).stat().st_size, 0, ending)

    def test_is_told_in_plain_lines_when_piped(self):
        self.assertEqual(self.answer.stdout, '')
        for line in self.answer.stderr.splitlines():
            self.assertNotRegex(line, r'[\x1b\r]')
        self.assertIn('Scene 1: speech: done', self.answer.stderr)
        self.assertRegex(self.answer.stderr.splitlines()[-1], r'short\.mp4 \(0:\d\d long, made in [\d.]+ s\)')

    def test_is_h264_high_in_bt709(self):
        video = ffprobe(self.video, '-show_streams', '-select_streams', 'v')['streams'][0]
        wanted = {'codec_name': 'h264', 'profile': 'High', 'pix_fmt': 'yuv420p', 'width': 1080, 'height': 1080,
                  'color_space': 'bt709', 'color_transfer': 'bt709', 'color_primaries': 'bt709', 'color_range': 'tv',
                  'r_frame_rate': f'{FPS}/1', 'avg_frame_rate': f'{FPS}/1', 'field_order': 'progressive'}
        self.assertEqual({name: video.get(name) for name in wanted}, wanted)

    def test_has_at_most_two_b_frames_in_a_row_and_some(self):
        kinds = ''.join(frame['pict_type'] for frame in ffprobe(self.video, '-show_frames', '-select_streams', 'v', '-show_entries', 'frame=pict_type')['frames'])
        self.assertIn('BB', kinds)
        self.assertNotIn('BBB', kinds)

    def test_has_closed_gops_of_half_a_second_at_most(self):
        frames = ffprobe(self.video, '-show_frames', '-select_streams', 'v', '-show_entries', 'frame=key_frame,pict_type')['frames']
        keys = [index for index, frame in enumerate(frames) if frame['key_frame']]
        self.assertEqual(keys[0], 0)
        distances = [after - before for before, after in zip(keys, keys[1:] + [len(frames)])]
        self.assertLessEqual(max(distances), FPS // 2)
        # Parts of two seconds start anew, so all others are whole.
        self.assertGreaterEqual(distances.count(FPS // 2), len(distances) // 2)
        # Closed: no picture shown before a key frame comes after it in decoding order.
        packets = ffprobe(self.video, '-show_packets', '-select_streams', 'v', '-show_entries', 'packet=pts,flags')['packets']
        latest_key = None
        for packet in packets:
            if 'K' in packet['flags']:
                latest_key = packet['pts']
            self.assertGreaterEqual(packet['pts'], latest_key)

    def test_has_strictly_rising_dts(self):
        for stream in 'va':
            packets = ffprobe(self.video, '-show_packets', '-select_streams', stream, '-show_entries', 'packet=dts,pts')['packets']
            times = [packet['dts'] for packet in packets]
            self.assertEqual(times, sorted(set(times)), stream)
            self.assertTrue(all(packet['pts'] >= packet['dts'] for packet in packets))

    def test_has_aac_lc_stereo_as_long_as_its_pictures(self):
        streams = ffprobe(self.video, '-show_streams')['streams']
        video, audio = ({stream['codec_type']: stream for stream in streams}[kind] for kind in ('video', 'audio'))
        self.assertEqual([audio[name] for name in ('codec_name', 'profile', 'sample_rate', 'channels', 'channel_layout')],
                         ['aac', 'LC', '48000', 2, 'stereo'])
        self.assertLessEqual(abs(float(video['duration']) - float(audio['duration'])), 1024 / 48000)

    def test_has_its_index_first_and_no_edit_list(self):
        paths = [path for path, _, _ in boxes(self.video.read_bytes())]
        top = [path for path in paths if '/' not in path]
        self.assertEqual(top[0], 'ftyp')
        self.assertLess(top.index('moov'), top.index('mdat'))
        self.assertEqual([path for path in paths if path.endswith(('edts', 'elst'))], [])

    def test_is_as_loud_as_asked(self):
        integrated_lufs, peak_dbtp = loudness(self.video)
        self.assertAlmostEqual(integrated_lufs, -14, delta=0.5)
        self.assertLessEqual(peak_dbtp, -1.5)

    def test_has_a_timeline_of_its_words(self):
        timeline = json.loads((self.maker.output / 'short.json').read_text())
        text = json.dumps(timeline)
        for word in ('lamp', 'keeper', 'wind', 'waiting'):
            self.assertIn(word, text)
        self.assertEqual(len(timeline['scenes']), 2)

    def test_has_a_jpeg_poster_of_its_shape(self):
        poster = ffprobe(self.maker.output / 'short.jpg', '-show_streams')['streams'][0]
        self.assertEqual((poster['codec_name'], poster['width']), ('mjpeg', poster['height']))
        self.assertGreaterEqual(poster['width'], 480)


class MakingAgain(StudioTest):
    def test_takes_what_is_cached_and_gives_the_same_bytes(self):
        story = self.write_story(TWO_SCENES)
        self.assertEqual(self.make(story, output='a.mp4').returncode, 0)
        again = self.make(story, '--json', output='b.mp4')
        self.assertEqual(again.returncode, 0, again.stderr)
        steps = succeeded(again)
        self.assertEqual({step for step, is_cached in steps.items() if not is_cached}, {'publish'})
        self.assertEqual(events(again)[-1]['event'], 'finished')
        for ending in ENDINGS:
            self.assertEqual((self.output / ('a' + ending)).read_bytes(), (self.output / ('b' + ending)).read_bytes(), ending)

    def test_after_an_edit_makes_that_scene_and_what_is_common(self):
        self.assertEqual(self.make(self.write_story(TWO_SCENES)).returncode, 0)
        answer = self.make(self.write_story(TWO_SCENES.replace('wind', 'storm')), '--json')
        self.assertEqual(answer.returncode, 0, answer.stderr)
        made = {step for step, is_cached in succeeded(answer).items() if not is_cached}
        self.assertTrue(any(step.startswith('s2/part') for step in made), made)
        # The poster is of the first scene, so it may stay.
        self.assertEqual({step for step in made if not step.startswith('s2/')} - COMMON_STEPS, set())
        self.assertLessEqual({'s2/speech', 's2/timeline', 'soundtrack', 'captions', 'assemble', 'publish'}, made)

    def test_with_one_worker_or_two_gives_the_same_file(self):
        story = self.write_story(TWO_SCENES)
        for count in (1, 2):
            answer = self.make(story, '--set', f'media.workers={count}', data=f'data{count}', output=f'{count}.mp4')
            self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertEqual(frame_hashes(self.output / '1.mp4'), frame_hashes(self.output / '2.mp4'))
        for ending in ENDINGS:
            self.assertEqual((self.output / ('1' + ending)).read_bytes(), (self.output / ('2' + ending)).read_bytes(), ending)


class AnInterruptedMake(StudioTest):
    def interrupt(self, moment):
        long_story = '\n\n'.join(f'The keeper counted lamp number {number}, and it was still burning brightly.' for number in range(8))
        process = subprocess.Popen([ATELIER, 'make', str(self.write_story(long_story)), '-o', str(self.output / 'short.mp4'), '--json',
                                    '--data-dir', str(self.folder / 'data')],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        seen = 0
        for line in process.stdout:
            seen += moment in line
            if seen:
                break
        started_at = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
        return process.returncode, error, time.monotonic() - started_at

    def test_leaves_nothing_and_says_so(self):
        code, error, took_s = self.interrupt('"progress"')
        self.assertEqual(code, 130, error)
        self.assertEqual(list(self.output.iterdir()), [])
        self.assertEqual(len(error.strip().splitlines()), 1, error)
        self.assertLess(took_s, 10)

    def test_can_be_made_afterwards(self):
        self.interrupt('"running"')
        answer = self.make(self.write_story(TWO_SCENES))
        self.assertEqual(answer.returncode, 0, answer.stderr)


class BesideAServer(StudioTest):
    def test_the_work_is_handed_over(self):
        with Server(self.folder / 'data') as server:
            answer = self.make(self.write_story(TWO_SCENES), '--json')
            self.assertEqual(answer.returncode, 0, answer.stderr)
            runs = server.call('GET', '/api/runs')['items']
            self.assertEqual([run['state'] for run in runs], ['succeeded'])
            production = server.call('GET', '/api/productions')['items'][0]
            self.assertEqual(server.file(production['id']), (self.output / 'short.mp4').read_bytes())


if __name__ == '__main__':
    unittest.main()
