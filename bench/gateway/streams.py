"""200 streams of 250 events/s each beside nginx, in turns: every event has to come, in order; how late, at what processor
time, and how much memory atelier takes meanwhile."""
import subprocess
import time

from loads import body, checked, command, spread, table
from servers import Atelier, Nginx, Upstream, cpu_seconds, memory_mib

STREAMS, RATE = 200, 250


def load(server, options, events):
    before, peak = cpu_seconds(server.pids), 0
    client = subprocess.Popen(command(options.bin, 'streams', server, body=body(is_streamed=True), streams=STREAMS, events=events), stdout=subprocess.PIPE, text=True)
    while client.poll() is None:
        peak = max(peak, sum(memory_mib(pid) for pid in server.pids))
        time.sleep(0.5)
    figures = checked(server, client.stdout.read())
    return figures | {'cpu_us': (cpu_seconds(server.pids) - before) / figures['events'] * 1e6, 'peak_mib': peak}


def measure(folder, options):
    rounds, seconds = options.rounds or 3, options.seconds or 7
    events = seconds * RATE
    with Upstream(options.bin, events=events, events_per_second=RATE) as upstream, Nginx(folder, upstream.port) as nginx, Atelier(folder, upstream.port, options.bin) as atelier:
        time.sleep(2)
        idle = memory_mib(atelier.process.pid)
        figures = {nginx.name: [], atelier.name: []}
        for _ in range(rounds):
            for server in (nginx, atelier):
                figures[server.name].append(load(server, options, events))
    delivered = sum(one['events'] for one in figures['atelier'])
    print(f'{STREAMS} streams of {RATE} events/s, {rounds} rounds of {seconds} s in turns; {delivered} events through atelier, all of them and in order')

    def row(what, field, bound, digits=1):
        ratios = [a[field] / n[field] for a, n in zip(figures['atelier'], figures['nginx'])]
        return [what, *[spread([one[field] for one in figures[name]], digits) for name in figures], spread(ratios, 2), bound]
    table(['', 'nginx', 'atelier', 'atelier / nginx', 'bound'], [
        row('delay of an event, p50, us', 'p50_us', ''), row('p99, us', 'p99_us', '<= 1.2'), row('processor time of an event, us', 'cpu_us', '<= 1.5', 2)])
    print(f'  memory of atelier: idle {idle:.1f} MiB (<= 30), under this load {max(one["peak_mib"] for one in figures["atelier"]):.1f} MiB (<= 64)')
