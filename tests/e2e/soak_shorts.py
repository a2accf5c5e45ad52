"""Many shorts in a row in one server: nothing of the server itself may grow after the first ten, and every file has to be
whole. Tells what each short adds to memory and to the data folder.

soak_shorts.py [count]"""

import os
import re
import sys
import tempfile
import time
from pathlib import Path

from studio import Server, children_of, ffprobe, is_zombie, memory_kib

WARM_COUNT = 10
MIB = 1 << 20
GROWTH_BYTES_MAX = 2 * MIB


class Sample:
    """What a server takes, as the system and its own metrics have it."""

    def __init__(self, server):
        self.memory = memory_kib(server.pid) * 1024
        self.results = metric(server, 'atelier_graph_cached_results_bytes')  # a cache with a bound of its own
        self.descriptor_count = len(os.listdir(f'/proc/{server.pid}/fd'))
        self.zombies = [pid for pid in children_of(server.pid) if is_zombie(pid)]
        self.database = sum(path.stat().st_size for path in server.data_dir.glob('studio.db*') if '-' not in path.name)
        self.originals = metric(server, 'atelier_blobs_original_bytes')
        self.derived = metric(server, 'atelier_blobs_derived_bytes')

    def __str__(self):
        return (f'memory {self.memory / MIB:.1f} MiB ({self.results / MIB:.2f} cached results)  descriptors {self.descriptor_count}  '
                f'database {self.database / MIB:.2f} MiB  kept {self.originals / MIB:.1f} MiB  derived {self.derived / MIB:.1f} MiB')

    def growth_since(self, before, count):
        """Of `count` shorts, a short."""
        names = ('memory', 'results', 'database', 'originals', 'derived')
        return ', '.join(f'{name} {(getattr(self, name) - getattr(before, name)) / count / 1024:.1f} KiB' for name in names)


def metric(server, name):
    text = server.request('GET', '/metrics').body.decode()
    return float(re.search(rf'^{name}(?:{{[^}}]*}})? (\S+)$', text, re.MULTILINE).group(1))


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    warm_count = min(WARM_COUNT, count // 2)
    failures, settled = [], None
    with tempfile.TemporaryDirectory(prefix='atelier-soak-') as folder, Server(Path(folder) / 'data') as server:
        for number in range(1, count + 1):
            started_at = time.monotonic()
            size = '1080x1920' if number == 2 else '1080x1080'
            production, run = server.render(f'This is short number {number}.\n\nThere are {count} of them.', size=size, fps=24)
            ended = server.wait_for(run)
            if ended['state'] != 'succeeded':
                failures.append(f'{number}: {ended["error"]}')
                continue
            video = Path(folder) / 'short.mp4'
            video.write_bytes(server.file(production))
            kinds = sorted(stream['codec_name'] for stream in ffprobe(video, '-show_streams', '-count_frames')['streams'])
            if kinds != ['aac', 'h264']:
                failures.append(f'{number}: streams are {kinds}')
            now = Sample(server)
            if now.zombies:
                failures.append(f'{number}: zombies {now.zombies}')
            if number == warm_count:
                settled = now
            print(f'{number:3} {time.monotonic() - started_at:5.1f} s  {now}', flush=True)
        time.sleep(1)  # connections of this side end
        now = Sample(server)
        if settled:
            print(f'a short of the last {count - warm_count}: {now.growth_since(settled, count - warm_count)}')
            if now.memory - settled.memory > GROWTH_BYTES_MAX:
                failures.append(f'memory grew by {(now.memory - settled.memory) / MIB:.1f} MiB')
            if now.descriptor_count > settled.descriptor_count:
                failures.append(f'descriptors grew from {settled.descriptor_count} to {now.descriptor_count}')
    print('\n'.join(failures) or 'no growth, no zombie, every file valid')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
