"""What the gateway costs and what it withstands, each measurement by its name; docs/performance.md quotes them.

  cost         processor time of a request and requests/s, beside nginx
  measuring    processor time with all measuring, beside none
  latency      added at 500 requests/s, beside nginx
  first-token  the same to the first event of a stream
  streams      200 streams of 250 events/s, beside nginx; memory idle and under that load
  crowd        10,000 idle connections and 2,000 streams
  stall        the log's database locked, then the studio's
  soak         memory over a long mix of calls
  kill         kill -9 under load, and what is there afterwards

Usage: run.py [--only NAME,...] [--bin DIR] [--rounds N] [--seconds S] [--connections C] [--stall 60s] [--soak 20m]
Without options each takes at most a minute.
"""
import argparse
import pathlib
import re
import shutil
import tempfile

import cost
import crowd
import kill
import latency
import measuring
import soak
import stall
import streams

MEASUREMENTS = {'cost': cost.measure, 'measuring': measuring.measure, 'latency': latency.measure, 'first-token': latency.measure_first_token, 'streams': streams.measure,
                'crowd': crowd.measure, 'stall': stall.measure, 'soak': soak.measure, 'kill': kill.measure}


def seconds_of(text):
    found = re.fullmatch(r'(\d+)(s|m|h|)', text)
    if not found:
        raise argparse.ArgumentTypeError('a length such as 90s, 20m or 2h')
    return int(found.group(1)) * {'s': 1, '': 1, 'm': 60, 'h': 3600}[found.group(2)]


def names_of(text):
    names = text.split(',')
    if unknown := set(names) - set(MEASUREMENTS):
        raise argparse.ArgumentTypeError(f'there is no {", ".join(sorted(unknown))}; there are {", ".join(MEASUREMENTS)}')
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', type=names_of, default=list(MEASUREMENTS), help='names, comma-separated')
    parser.add_argument('--bin', type=pathlib.Path, default=pathlib.Path('build/release/bin'))
    parser.add_argument('--rounds', type=int, help='of the measurements in turns')
    parser.add_argument('--seconds', type=int, help='of a round')
    parser.add_argument('--connections', type=int, default=64, help='of cost')
    parser.add_argument('--stall', type=seconds_of, default=10, help='how long each database is locked')
    parser.add_argument('--soak', type=seconds_of, default=45, help='how long calls are mixed')
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    for name in options.only:
        print(f'== {name}', flush=True)
        folder = pathlib.Path(tempfile.mkdtemp(prefix='bench-gateway-'))
        try:
            MEASUREMENTS[name](folder, options)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
