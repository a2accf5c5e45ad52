"""How much atelier takes: start to the first answered request (ms), memory idle, while rendering, and of a worker (MiB).

footprint.py [folder of the executables]"""

import http.client
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

if len(sys.argv) > 1:
    os.environ['ATELIER_BIN'] = sys.argv[1]
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'tests' / 'e2e'))
from studio import Server, children_of, memory_kib  # noqa: E402

START_COUNT = 7
STORY = '\n\n'.join(f'The keeper counted lamp number {number}, and it was still burning brightly.' for number in range(4))


def start_ms(data_dir):
    began = time.perf_counter()
    with Server(data_dir) as server:
        connection = http.client.HTTPConnection('127.0.0.1', server.port)
        connection.request('GET', '/api/productions')
        assert connection.getresponse().status == 200
        return (time.perf_counter() - began) * 1000


def main():
    with tempfile.TemporaryDirectory(prefix='atelier-footprint-') as folder:
        data = Path(folder) / 'data'
        first = start_ms(data)
        again = [start_ms(data) for _ in range(START_COUNT)]
        with Server(data) as server:
            time.sleep(2)  # the worker that tells what it can has ended its start
            idle_kib = memory_kib(server.pid)
            _, run = server.render(STORY, size='1080x1920', fps=30)
            control_kib = worker_kib = 0
            while server.call('GET', f'/api/runs/{run}')['state'] == 'running':
                control_kib = max(control_kib, memory_kib(server.pid))
                for pid in children_of(server.pid):
                    try:
                        worker_kib = max(worker_kib, memory_kib(pid, 'VmHWM'))
                    except OSError:
                        pass
                time.sleep(0.05)
    print(f'start to first answer, new folder   {first:7.1f} ms')
    print(f'start to first answer, median of {len(again)}  {statistics.median(again):7.1f} ms (worst {max(again):.1f})')
    print(f'control, idle after start           {idle_kib / 1024:7.1f} MiB')
    print(f'control, while rendering            {control_kib / 1024:7.1f} MiB')
    print(f'worker at 1080x1920, peak           {worker_kib / 1024:7.1f} MiB')


if __name__ == '__main__':
    main()
