"""kill -9 under load, again and again: tests/e2e/test_gateway_crash.py, which says what has to be as before."""
import os
import pathlib
import subprocess
import sys

TEST = pathlib.Path(__file__).resolve().parents[2] / 'tests' / 'e2e' / 'test_gateway_crash.py'
KILLS = 8


def measure(folder, options):
    kills = options.rounds or KILLS
    environment = dict(os.environ, ATELIER_BIN=str(options.bin), ATELIER_KILLS=str(kills), TMPDIR=str(folder))
    ended = subprocess.run([sys.executable, '-B', TEST], env=environment, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(ended.stderr)
    print(f'{kills} kills under load: log, usage, limits, allowances and breakers afterwards as before')
