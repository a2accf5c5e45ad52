"""Many shorts in a row in one server: nothing may grow after the first ten, and every file has to be whole.

soak_shorts.py [count]"""

import os
import sys
import tempfile
import time
from pathlib import Path

from studio import Server, children_of, ffprobe, is_zombie, memory_kib

WARM_COUNT = 10
GROWTH_KIB_MAX = 2048


def sample(server):
    return memory_kib(server.pid), len(os.listdir(f'/proc/{server.pid}/fd')), [pid for pid in children_of(server.pid) if is_zombie(pid)]


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
            rss_kib, descriptor_count, zombies = sample(server)
            if zombies:
                failures.append(f'{number}: zombies {zombies}')
            if number == warm_count:
                settled = rss_kib, descriptor_count
            print(f'{number:3} {time.monotonic() - started_at:5.1f} s  rss {rss_kib / 1024:6.1f} MiB  descriptors {descriptor_count}  '
                  f'children {len(children_of(server.pid))}', flush=True)
        time.sleep(1)  # connections of this side end
        rss_kib, descriptor_count, _ = sample(server)
        if settled and rss_kib - settled[0] > GROWTH_KIB_MAX:
            failures.append(f'memory grew by {(rss_kib - settled[0]) / 1024:.1f} MiB')
        if settled and descriptor_count > settled[1]:
            failures.append(f'descriptors grew from {settled[1]} to {descriptor_count}')
    print('\n'.join(failures) or 'no growth, no zombie, every file valid')
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
