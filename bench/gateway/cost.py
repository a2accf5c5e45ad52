"""Processor time of a request and requests/s beside nginx: whole chat completions of about 1 KiB over 64 connections, with
wrk, in turns."""
import re
import subprocess
import time

from loads import body, spread, table
from servers import Atelier, Double, Nginx, cpu_seconds, memory_mib

LUA = '''
wrk.method = "POST"
wrk.path = "/v1/chat/completions"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %s"
wrk.body = [[%s]]
'''


def load(server, folder, seconds, connections, key):
    script = folder / f'{server.name}.lua'
    script.write_text(LUA % (key, body(model='double')))
    before = cpu_seconds(server.pids)
    told = subprocess.run(['wrk', '-t1', f'-c{connections}', f'-d{seconds}s', '-s', str(script), f'http://127.0.0.1:{server.port}'], capture_output=True, text=True, check=True).stdout
    took = cpu_seconds(server.pids) - before
    count = int(re.search(r'(\d+) requests in', told).group(1))
    if bad := re.search(r'Non-2xx or 3xx responses: (\d+)', told):
        raise SystemExit(f'{server.name}: {bad.group(0)}\n{told}')
    return {'rate': float(re.search(r'Requests/sec:\s+([\d.]+)', told).group(1)), 'cpu_us': took / count * 1e6}


def measure(folder, options):
    rounds, seconds = options.rounds or 7, options.seconds or 3
    with Double(options.bin, '--load') as double, Nginx(folder, double.port) as nginx, Atelier(folder, double.port, options.bin, models=['double']) as atelier:
        idle = memory_mib(atelier.process.pid)
        for server in (nginx, atelier):
            load(server, folder, 2, options.connections, atelier.key)
        figures = {nginx.name: [], atelier.name: []}
        for _ in range(rounds):
            for server in (nginx, atelier):
                figures[server.name].append(load(server, folder, seconds, options.connections, atelier.key))
        time.sleep(1)
        after = memory_mib(atelier.process.pid)
    print(f'{options.connections} connections, {rounds} rounds of {seconds} s in turns')
    pairs = list(zip(figures['atelier'], figures['nginx']))
    table(['', 'nginx', 'atelier', 'atelier / nginx', 'bound'], [
        ['processor time of a request, us', *[spread([one['cpu_us'] for one in figures[name]]) for name in figures], spread([a['cpu_us'] / n['cpu_us'] for a, n in pairs], 2), '<= 2.0'],
        ['requests/s', *[spread([one['rate'] for one in figures[name]], 0) for name in figures], spread([a['rate'] / n['rate'] for a, n in pairs], 2), '>= 0.5']])
    print(f'  memory of atelier: idle {idle:.1f} MiB, after the load {after:.1f} MiB')
