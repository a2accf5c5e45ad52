"""Databases that take no writes, under steady load: the call log's, then the studio's, each locked by another process.
Calls have to go on as before, what the log has no room for has to be counted, and limits have to hold."""
import subprocess
import sys
import threading
import time

from loads import body, checked, command, table
from servers import Atelier, Upstream

RATE, CONNECTIONS, QUIET_SECONDS = 2_000, 32, 5
REQUESTS_PER_MINUTE = 5  # of the keys that have to be held back
ALLOWANCE_PER_SECOND = 0.12  # dollars a day for each second of a lock: a leased block, a twentieth, lasts for a quarter of it
ROWS = 'atelier_call_log_rows_total{outcome="%s"}'

LOCK = '''
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
'''


class Locked:
    """Another process holds the database's lock for as long as the block lasts."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, '-c', LOCK, str(self.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != 'locked\n':
            raise SystemExit(f'{self.path} could not be locked')

    def __exit__(self, *_):
        self.process.communicate()


class Pressing(threading.Thread):
    """Asks with one key at a steady pace, and counts the answers by status."""

    def __init__(self, atelier, key, seconds, per_second):
        super().__init__()
        self.atelier, self.key, self.per_second = atelier, key, per_second
        self.count = int(seconds * per_second)
        self.statuses = {}

    def run(self):
        begun = time.monotonic()
        call = {'model': 'bench', 'max_tokens': 250, 'messages': [{'role': 'user', 'content': 'Hello'}]}
        for number in range(self.count):
            time.sleep(max(0, begun + number / self.per_second - time.monotonic()))
            status, _ = self.atelier.request('POST', '/v1/chat/completions', call, self.key)
            self.statuses[status] = self.statuses.get(status, 0) + 1

    def told(self):
        return ', '.join(f'{count} x {status}' for status, count in sorted(self.statuses.items()))


def phase(options, atelier, name, seconds):
    """A row of the table: load, and beside it a key at its limit and one with an allowance, both new."""
    limited = Pressing(atelier, atelier.phase_keys.pop(), seconds, 2)
    paying = Pressing(atelier, atelier.paying_key, seconds, 10)
    before = {outcome: atelier.metric(ROWS % outcome) for outcome in ('written', 'dropped')}
    client = subprocess.Popen(command(options.bin, 'rate', atelier, body=body(), per_second=RATE, connections=CONNECTIONS, seconds=seconds), stdout=subprocess.PIPE, text=True)
    for pressing in (limited, paying):
        pressing.start()
    told, _ = client.communicate()
    for pressing in (limited, paying):
        pressing.join()
    figures = checked(atelier, told, may_fail=True)
    rows = {outcome: atelier.metric(ROWS % outcome) - count for outcome, count in before.items()}
    let_through = limited.statuses.get(200, 0)
    complaints = [f'{figures["failed"]} calls failed: {figures["fault"]}'] if figures['failed'] else []
    if let_through > REQUESTS_PER_MINUTE + (seconds + 5) / 60 * REQUESTS_PER_MINUTE + 1 or set(limited.statuses) - {200, 429}:
        complaints.append(f'the limit did not hold: {limited.told()}')
    row = [name, figures['answered'], figures['failed'], figures['p50_us'], figures['p99_us'], figures['max_us'], f'{rows["written"]:.0f}', f'{rows["dropped"]:.0f}', limited.told(), paying.told()]
    return row, [f'{name}: {complaint}' for complaint in complaints]


def measure(folder, options):
    seconds = options.stall
    with Upstream(options.bin) as upstream, Atelier(folder, upstream.port, options.bin) as atelier:
        # Made before anything is locked: to make a key is to write.
        atelier.phase_keys = [atelier.make_key(f'limited-{number}', requests_per_minute=REQUESTS_PER_MINUTE) for number in range(5)]
        atelier.paying_key = atelier.make_key('paying', day_allowance=f'{seconds * ALLOWANCE_PER_SECOND:.2f}')
        rows, complaints = [], []

        def take(name, length):
            row, wrong = phase(options, atelier, name, length)
            rows.append(row)
            complaints.extend(wrong)
        take('before', QUIET_SECONDS)
        with Locked(atelier.data_folder / 'telemetry.db'):
            take(f'log locked for {seconds} s', seconds)
        take('between', QUIET_SECONDS)
        with Locked(atelier.data_folder / 'studio.db'):
            take(f'studio locked for {seconds} s', seconds)
        take('after', QUIET_SECONDS)
    print(f'{RATE} requests/s over {CONNECTIONS} connections; beside them a key of {REQUESTS_PER_MINUTE} requests a minute (new in each row) and one of ${seconds * ALLOWANCE_PER_SECOND:.2f} a day')
    table(['', 'answered', 'failed', 'p50, us', 'p99, us', 'longest, us', 'log rows written', 'dropped', 'limited key', 'key with an allowance'], rows)
    if complaints:
        raise SystemExit('\n'.join(complaints))
