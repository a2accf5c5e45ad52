"""The servers that are measured, what stands behind them, and what the system tells of a process."""
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

MODEL = 'bench'
# What a call costs is part of what is measured: its model has a price, in the layout that users give prices in.
PRICE = {'litellm_provider': 'openai', 'mode': 'chat', 'input_cost_per_token': 2e-6, 'output_cost_per_token': 8e-6}
# Every limit a key can have, none of which is reached.
LIMITS = {'requests_per_minute': 1_000_000_000, 'tokens_per_minute': 1_000_000_000, 'concurrent_max': 100_000, 'day_allowance': '1000000', 'month_allowance': '1000000'}
START_SECONDS = 10


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def memory_mib(pid):
    """Resident, with what it shares with others: what it has for itself would depend on who else runs."""
    return int(re.search(r'^VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text(), re.M).group(1)) / 1024


def children(pid):
    return [int(child) for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def wait_for_port(port):
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f'nothing listens on port {port}')


class Server:
    """Ends with its block. `pids` are of the processes whose processor time counts."""
    process = None
    pids = ()
    key = 'sk-double'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        ended = self.process.poll()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        if ended is not None:
            raise SystemExit(f'{self.name} ended by itself with {ended}{self.last_words()}')

    def last_words(self):
        return ''


class Upstream(Server):
    """bench_upstream: see bench/gateway/upstream.cpp."""
    name = 'direct'

    def __init__(self, bin_folder, **options):
        words = [word for name, value in options.items() for word in ('--' + name.replace('_', '-'), str(value))]
        self.process = subprocess.Popen([bin_folder / 'bench_upstream', *words], stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())


class Double(Server):
    """The tests' provider double. Without options it obeys faults in a model's name; with --load it is quick."""
    name = 'double'

    def __init__(self, bin_folder, *options):
        self.process = subprocess.Popen([bin_folder / 'provider-double', '--persona', 'openai', *options], stdout=subprocess.PIPE, text=True)
        self.port = int(re.search(r':(\d+)', self.process.stdout.readline()).group(1))


class Nginx(Server):
    """proxy_pass with keep-alive on both sides, as many workers as atelier has loops."""
    name = 'nginx'

    def __init__(self, folder, upstream_port):
        folder = folder / f'nginx-{upstream_port}'
        folder.mkdir()
        self.port = free_port()
        config = folder / 'nginx.conf'
        config.write_text(f'''
worker_processes {os.cpu_count()};
worker_rlimit_nofile 20000;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000000;
  upstream behind {{ server 127.0.0.1:{upstream_port}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port} reuseport;
    location / {{ proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "Bearer sk-double"; proxy_buffering off; }}
  }}
}}
''')
        self.process = subprocess.Popen(['nginx', '-c', str(config), '-p', str(folder)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)
        self.pids = children(self.process.pid)


class Atelier(Server):
    """With a key that has every limit, a price for the models that are called, breaker and call log on."""
    name = 'atelier'

    def __init__(self, folder, upstream_port, bin_folder, models=(MODEL,), **settings):
        folder = folder / f'atelier-{upstream_port}'
        folder.mkdir()
        self.port, self.data_folder, self.log_path = free_port(), folder / 'data', folder / 'log'
        (folder / 'prices.json').write_text(json.dumps({model: PRICE for model in models}))
        settings = {'models.price_files': folder / 'prices.json', 'models.find_local': 'false', 'server.connections_per_peer_max': 100_000, **{name.replace('__', '.'): value for name, value in settings.items()}}
        words = [word for name, value in settings.items() for word in ('--set', f'{name}={value}')]
        environment = {name: value for name, value in os.environ.items() if not name.startswith('ATELIER_') and not name.endswith('_API_KEY')}
        environment |= {'OPENAI_API_KEY': 'sk-double', 'OPENAI_BASE_URL': f'http://127.0.0.1:{upstream_port}/v1', 'XDG_CONFIG_HOME': str(folder / 'config')}
        with open(self.log_path, 'w') as log:
            self.process = subprocess.Popen([bin_folder / 'atelier', 'serve', '--listen', f'127.0.0.1:{self.port}', '--data-dir', str(self.data_folder), *words], env=environment, stderr=log, stdout=log)
        wait_for_port(self.port)
        self.pids = [self.process.pid]
        self.key = self.make_key('bench', **LIMITS)

    def last_words(self):
        return ': ' + self.log_path.read_text()[-2000:]

    def request(self, method, path, body=None, key=None, timeout_s=60):
        """Status and text of the answer."""
        connection = http.client.HTTPConnection('127.0.0.1', self.port, timeout=timeout_s)
        headers = {'Content-Type': 'application/json'} | ({'Authorization': f'Bearer {key}'} if key else {})
        try:
            connection.request(method, path, body=json.dumps(body) if body is not None else None, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def call(self, method, path, body=None):
        status, text = self.request(method, path, body)
        if status >= 300:
            raise SystemExit(f'{method} {path} -> {status} {text[:500]}')
        return json.loads(text) if text else None

    def make_key(self, name, **limits):
        return self.call('POST', '/api/keys', {'name': name, **limits})['secret']

    def metric(self, name):
        """A counter or gauge of /metrics, named with its labels; 0 where it is not there."""
        _, text = self.request('GET', '/metrics')
        found = re.search(rf'^{re.escape(name)} (\S+)$', text, re.M)
        return float(found.group(1)) if found else 0.0
