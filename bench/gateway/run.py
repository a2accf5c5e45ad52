"""What the gateway costs beside nginx: both relay the same calls to the same provider double, turn about, in one run.

Each round sends non-streamed chat completions (answers of about 1 KiB) over 64 connections with wrk, first through nginx
(proxy_pass with keep-alive), then through atelier (a key, limits, breaker, cost and log on), and reads the processor time
that the relaying processes took. Medians and the spread of the rounds are printed.

Usage: run.py [--bin DIR] [--rounds N] [--seconds S] [--connections C]
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time

LUA = '''
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %s"
wrk.body = [[%s]]
'''
BODY = json.dumps({'model': 'double', 'messages': [{'role': 'user', 'content': 'Say something of a kibibyte. ' + 'x' * 700}]})


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        fields = pathlib.Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf('SC_CLK_TCK')


def resident_mib(pid):
    return int(re.search(r'VmRSS:\s+(\d+)', pathlib.Path(f'/proc/{pid}/status').read_text()).group(1)) / 1024


def children(pid):
    return [int(child) for child in pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def wait_for_port(port, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(('127.0.0.1', port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit(f'nothing listens on port {port}')


class Nginx:
    name = 'nginx'

    def __init__(self, folder, upstream):
        self.port = free_port()
        config = folder / 'nginx.conf'
        config.write_text(f'''
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  keepalive_requests 1000000000;
  upstream double {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{self.port} reuseport;
    location / {{ proxy_pass http://double; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Authorization "Bearer sk-double"; proxy_buffering off; }}
  }}
}}
''')
        self.process = subprocess.Popen(['nginx', '-c', str(config), '-p', str(folder)], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)
        self.pids = children(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Atelier:
    name = 'atelier'

    def __init__(self, folder, upstream, binary):
        self.port = free_port()
        environment = dict(os.environ, OPENAI_API_KEY='sk-double', OPENAI_BASE_URL=f'http://127.0.0.1:{upstream}/v1', XDG_CONFIG_HOME=str(folder / 'config'))
        data = folder / 'data'
        made = subprocess.run([binary, 'keys', 'create', 'bench', '--data-dir', str(data)], env=environment, capture_output=True, text=True, check=True)
        self.key = re.search(r'\b(ak_[A-Za-z0-9_-]+|[A-Za-z0-9_-]{40,})', made.stdout).group(1)
        self.log = open(folder / 'atelier.log', 'w')
        self.process = subprocess.Popen([binary, 'serve', '--listen', f'127.0.0.1:{self.port}', '--data-dir', str(data)], env=environment, stderr=self.log, stdout=self.log)
        wait_for_port(self.port)
        self.pids = [self.process.pid]

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def load(server, folder, seconds, connections, key):
    script = folder / f'{server.name}.lua'
    script.write_text(LUA % (key, BODY))
    before = cpu_seconds(server.pids)
    told = subprocess.run(['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '--latency', '-s', str(script), f'http://127.0.0.1:{server.port}'],
                          capture_output=True, text=True, check=True).stdout
    took = cpu_seconds(server.pids) - before
    count = int(re.search(r'(\d+) requests in', told).group(1))
    if bad := re.search(r'Non-2xx or 3xx responses: (\d+)', told):
        raise SystemExit(f'{server.name}: {bad.group(0)}\n{told}')
    return {'rate': float(re.search(r'Requests/sec:\s+([\d.]+)', told).group(1)), 'cpu_us': took / count * 1e6}


def spread(values):
    return f'{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})'


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument('--bin', default='build/release/bin')
    arguments.add_argument('--rounds', type=int, default=7)
    arguments.add_argument('--seconds', type=int, default=5)
    arguments.add_argument('--connections', type=int, default=64)
    options = arguments.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix='bench-gateway-'))
    double = subprocess.Popen([f'{options.bin}/provider-double', '--port', '0', '--load', '--persona', 'openai'], stdout=subprocess.PIPE, text=True)
    servers = []
    try:
        upstream = int(re.search(r':(\d+)', double.stdout.readline()).group(1))
        servers = [Nginx(folder, upstream), Atelier(folder, upstream, f'{options.bin}/atelier')]
        nginx, atelier = servers
        idle = resident_mib(atelier.process.pid)
        figures = {server.name: [] for server in servers}
        for server in servers:
            load(server, folder, 2, options.connections, atelier.key)
        for _ in range(options.rounds):
            for server in servers:
                figures[server.name].append(load(server, folder, options.seconds, options.connections, atelier.key))
        for name, rounds in figures.items():
            print(f'{name:8} requests/s {spread([one["rate"] for one in rounds])}   CPU us/request {spread([one["cpu_us"] for one in rounds])}')
        pairs = list(zip(figures['atelier'], figures['nginx']))
        print(f'CPU per request, atelier / nginx: {spread([a["cpu_us"] / n["cpu_us"] for a, n in pairs])}')
        print(f'requests/s, atelier / nginx:      {spread([a["rate"] / n["rate"] for a, n in pairs])}')
        print(f'atelier memory: idle {idle:.1f} MiB, after the load {resident_mib(atelier.process.pid):.1f} MiB')
    finally:
        for server in servers:
            server.stop()
        double.terminate()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == '__main__':
    main()
