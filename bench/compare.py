#!/usr/bin/env python3
"""Two revisions against each other: their benchmarks in turns, and ratios with how sure they are.

Builds REV in a worktree under build/compare/ (its own build folder; only what the benchmarks need; `git worktree remove`
takes it away again), and this checkout as it is; then runs each benchmark of both, round by round, and the other way round in every second one, so that what
drifts on the machine drifts for both. Told is the median of the rounds' ratios (this one over REV: below 1 is
quicker or smaller), its 95 % interval by bootstrap over the rounds, and the sign test's p. A change is what the interval
and the sign test agree on.

Usage: compare.py REV [--bench NAMES] [--rounds N] [--limit RATIO]
       compare.py --skip-build BEFORE NOW ...      two folders of executables instead
Ends with 1 where a figure is worse by more than --limit for sure.
"""
import argparse
import http.client
import json
import math
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SAMPLES = 4000
ROUNDS_MIN = 6  # with fewer, no p of the sign test falls to 0.05
# What to build for each benchmark.
TARGETS = {'start': ['atelier', 'atelier-media'], 'api': ['atelier', 'atelier-media'], 'chat': ['atelier', 'atelier-media', 'provider-double'],
           'account': ['bench_account'], 'picture': ['bench_picture', 'atelier-media']}


# --- statistics -----------------------------------------------------------------------------------------------------

def bootstrap_interval(values, share=0.95, samples=SAMPLES, seed=1):
    """Of the median: bounds between which it lies with that chance, by drawing the rounds anew."""
    chance = random.Random(seed)
    medians = sorted(statistics.median(chance.choices(values, k=len(values))) for _ in range(samples))
    outside = (1 - share) / 2
    return medians[int(outside * samples)], medians[min(samples - 1, int((1 - outside) * samples))]


def sign_test(ratios):
    """Two-sided p that as many of them, or more, lie to one side of 1 by chance. Ties say nothing."""
    above, below = sum(ratio > 1 for ratio in ratios), sum(ratio < 1 for ratio in ratios)
    count, most = above + below, max(above, below)
    if count == 0:
        return 1.0
    tail = sum(math.comb(count, k) for k in range(most, count + 1)) / 2 ** count
    return min(1.0, 2 * tail)


def compare(before, now):
    """Of figures of the same rounds: the ratio, its interval, the sign test's p, and what that means."""
    ratios = [new / old for old, new in zip(before, now, strict=True)]
    low, high = bootstrap_interval(ratios)
    p = sign_test(ratios)
    verdict = 'same'
    if p <= 0.05 and (low > 1 or high < 1):
        verdict = 'worse' if low > 1 else 'better'
    return {'ratio': statistics.median(ratios), 'low': low, 'high': high, 'p': p, 'verdict': verdict,
            'before': statistics.median(before), 'now': statistics.median(now), 'spread': spread(ratios)}


def spread(values):
    """Half the distance of the quartiles, over the median."""
    if len(values) < 2:
        return 0.0
    quartiles = statistics.quantiles(values, n=4, method='inclusive')
    return (quartiles[2] - quartiles[0]) / 2 / statistics.median(values)


def in_turns(rounds, measure):
    """`measure(which)` of 0 and 1, so often each, after one of each that does not count; who begins changes. The figures of both, by name."""
    figures = ({}, {})
    measure(0), measure(1)
    for number in range(rounds):
        for which in ((0, 1) if number % 2 == 0 else (1, 0)):
            for name, value in measure(which).items():
                figures[which].setdefault(name, []).append(value)
    return figures


# --- benchmarks: figures of which less is better --------------------------------------------------------------------

class Studio:
    def __init__(self, bin_folder, folder, *more):
        environment = {name: value for name, value in os.environ.items() if not name.startswith('ATELIER_')}
        self.process = subprocess.Popen([f'{bin_folder}/atelier', 'serve', '--listen', '127.0.0.1:0', '--data-dir', folder, '--set', 'models.find_local=false',
                                         '--set', f'access.sealing_key_file={folder}.key', *more], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
        self.port = int(self.process.stdout.readline().rsplit(':', 1)[1])
        self.connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None, {'content-type': 'application/json'})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f'{method} {path}: {answer.status} {text[:200]!r}')
        return json.loads(text) if text and answer.headers.get_content_type() == 'application/json' else None

    def resident_mib(self):
        return int(pathlib.Path(f'/proc/{self.process.pid}/statm').read_text().split()[1]) * os.sysconf('SC_PAGESIZE') / 2 ** 20

    def cpu_s(self):
        fields = pathlib.Path(f'/proc/{self.process.pid}/stat').read_text().rsplit(')', 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def start(bin_folder):
    """From starting to the first answer, and the memory then."""
    with tempfile.TemporaryDirectory(prefix='atelier-compare-') as folder:
        began = time.perf_counter()
        with Studio(bin_folder, f'{folder}/data') as studio:
            studio.ask('GET', '/api/productions')
            took = (time.perf_counter() - began) * 1000
            return {'start to first answer, ms': took, 'memory then, MiB': studio.resident_mib()}


def api(bin_folder):
    """Two thousand small requests on one connection."""
    with tempfile.TemporaryDirectory(prefix='atelier-compare-') as folder, Studio(bin_folder, f'{folder}/data') as studio:
        for number in range(20):
            studio.ask('POST', '/api/threads', {'title': f'thread {number}'})
        times, used = [], studio.cpu_s()
        for _ in range(2000):
            began = time.perf_counter()
            studio.ask('GET', '/api/threads')
            times.append((time.perf_counter() - began) * 1e6)
        return {'GET /api/threads, median, us': statistics.median(times), 'its processor time, us': max(studio.cpu_s() - used, 0.01) / len(times) * 1e6}


def chat(bin_folder):
    """Whole answers through the gateway, of a provider double that answers at once."""
    with tempfile.TemporaryDirectory(prefix='atelier-compare-') as folder:
        double = subprocess.Popen([f'{bin_folder}/provider-double', '--load', '--answer-bytes', '1024'], stdout=subprocess.PIPE, text=True)
        try:
            upstream = double.stdout.readline().strip()
            with Studio(bin_folder, f'{folder}/data') as studio:
                studio.ask('POST', '/api/providers', {'name': 'openai', 'preset': 'openai', 'base_url': f'{upstream}/openai/v1', 'key': 'sk-double'})
                body = {'model': 'openai/m', 'messages': [{'role': 'user', 'content': 'hello'}]}
                studio.ask('POST', '/v1/chat/completions', body)
                times, used = [], studio.cpu_s()
                for _ in range(1000):
                    began = time.perf_counter()
                    studio.ask('POST', '/v1/chat/completions', body)
                    times.append((time.perf_counter() - began) * 1e6)
                return {'a relayed answer, median, us': statistics.median(times), 'its processor time, us': max(studio.cpu_s() - used, 0.01) / len(times) * 1e6}
        finally:
            double.kill()
            double.wait()
            double.stdout.close()


def google(program):
    """A program of Google Benchmark's: the processor time of each of its benchmarks."""
    def measure(bin_folder):
        run = subprocess.run([f'{bin_folder}/{program}', '--benchmark_format=json', '--benchmark_min_time=0.1'], capture_output=True, text=True, check=True)
        return {one['name']: one['cpu_time'] for one in json.loads(run.stdout)['benchmarks'] if one.get('run_type') != 'aggregate'}
    return measure


BENCHES = {'start': start, 'api': api, 'chat': chat, 'account': google('bench_account'), 'picture': google('bench_picture')}


# --- builds ---------------------------------------------------------------------------------------------------------

def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, **more)


def targets_of(names):
    return sorted({target for name in names for target in TARGETS[name]})


def build_revision(revision, names, jobs=None):
    """The folder of its executables."""
    commit = subprocess.run(['git', '-C', ROOT, 'rev-parse', '--verify', f'{revision}^{{commit}}'], capture_output=True, text=True)
    if commit.returncode != 0:
        raise SystemExit(f'compare: there is no revision {revision}')
    place = ROOT / 'build' / 'compare' / commit.stdout.strip()[:12]
    if not (place / '.git').exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        run('git', '-C', ROOT, 'worktree', 'prune')
        run('git', '-C', ROOT, 'worktree', 'add', '--detach', place, commit.stdout.strip())
    # The page is part of the program, and of nothing else here.
    if 'atelier' in targets_of(names) and not (place / 'ui' / 'node_modules').exists():
        run('npm', 'ci', '--silent', '--no-audit', '--no-fund', cwd=place / 'ui', env=os.environ | {'PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD': '1'})
    return build(place, names, jobs)


def build(place, names, jobs=None):
    if not (place / 'build' / 'release' / 'build.ninja').exists():
        run('cmake', '--preset', 'release', cwd=place, stdout=subprocess.DEVNULL)
    run('ninja', '-C', place / 'build' / 'release', *(['-j', jobs] if jobs else []), *targets_of(names))
    return place / 'build' / 'release' / 'bin'


# --- the whole ------------------------------------------------------------------------------------------------------

def tell(name, results):
    print(f'\n{name}')
    width = max(len(figure) for figure in results)
    for figure, result in results.items():
        print(f'  {figure:<{width}}  {result["before"]:11.4g} {result["now"]:11.4g}   x {result["ratio"]:.3f}  [{result["low"]:.3f}, {result["high"]:.3f}]'
              f'  p {result["p"]:.3f}  spread {100 * result["spread"]:.1f} %  {result["verdict"]}')


def main():
    parser = argparse.ArgumentParser(prog='bench --compare', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('revision', nargs='?')
    parser.add_argument('--skip-build', nargs=2, metavar=('BEFORE', 'NOW'))
    parser.add_argument('--bench', default=','.join(BENCHES), help=f'some of {", ".join(BENCHES)}')
    parser.add_argument('--rounds', type=int, default=10)
    parser.add_argument('--jobs', type=int, help='of the build; as many as there are processors')
    parser.add_argument('--limit', type=float, default=1.05, help='a ratio for sure above it is a failure')
    parser.add_argument('--json', type=pathlib.Path)
    options = parser.parse_args()
    names = options.bench.split(',')
    if unknown := [name for name in names if name not in BENCHES]:
        parser.error(f'there is no benchmark {unknown[0]}; there are {", ".join(BENCHES)}')
    if options.rounds < ROUNDS_MIN:
        parser.error(f'--rounds is at least {ROUNDS_MIN}')
    if bool(options.revision) == bool(options.skip_build):
        parser.error('say a revision, or --skip-build with two folders')
    folders = [pathlib.Path(folder) for folder in options.skip_build] if options.skip_build else [build_revision(options.revision, names, options.jobs), build(ROOT, names, options.jobs)]
    print(f'{options.rounds} rounds in turns; before, now, now over before with its 95 % interval, sign test, spread of the ratios')
    everything, is_worse = {}, False
    for name in names:
        before, now = in_turns(options.rounds, lambda which, name=name: BENCHES[name](folders[which]))
        results = {figure: compare(before[figure], now[figure]) for figure in before if len(now.get(figure, [])) == len(before[figure])}
        tell(name, results)
        everything[name] = results
        is_worse |= any(result['verdict'] == 'worse' and result['low'] > options.limit for result in results.values())
    if options.json:
        options.json.write_text(json.dumps(everything, indent=1) + '\n')
    sys.exit(1 if is_worse else 0)


if __name__ == '__main__':
    main()
