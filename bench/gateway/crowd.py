"""10,000 connections that stand idle between two requests, and 2,000 streams beside them: no error."""
import subprocess
import time

from loads import body, checked, command, table
from servers import Atelier, Upstream, memory_mib

IDLE, STREAMS, RATE, START_SECONDS = 10_000, 2_000, 5, 5


def measure(folder, options):
    seconds = options.seconds or 15
    events = seconds * RATE
    with Upstream(options.bin, events=events, events_per_second=RATE) as upstream, Atelier(
            folder, upstream.port, options.bin, server__connections_max=IDLE + STREAMS + 100, server__idle_timeout_ms=600_000) as atelier:
        alone = memory_mib(atelier.process.pid)
        client = subprocess.Popen(command(options.bin, 'streams', atelier, body=body(is_streamed=True), streams=STREAMS, events=events, idle=IDLE, start_seconds=START_SECONDS), stdout=subprocess.PIPE, text=True)
        client.stdout.readline()  # all stand idle, streams begin
        idle, open_count = memory_mib(atelier.process.pid), atelier.metric('atelier_http_connections')
        peak = stream_count = 0
        while client.poll() is None:
            peak = max(peak, memory_mib(atelier.process.pid))
            stream_count = max(stream_count, atelier.metric('atelier_http_streams'))
            time.sleep(0.5)
        figures = checked(atelier, client.stdout.read(), may_fail=True)
    print(f'{IDLE} idle connections, each asked before and after; {STREAMS} streams of {RATE} events/s for {seconds} s')
    table(['', '', 'bound'], [
        ['errors', figures['failed'], '0'],
        ['events delivered, of those due', f'{figures["events"]} / {STREAMS * events}', 'all'],
        ['connections open at once (as atelier counts), idle', f'{open_count:.0f}', ''],
        ['streams at once (as atelier counts)', f'{stream_count:.0f}', ''],
        ['delay of an event p50 / p99, us', f'{figures["p50_us"]} / {figures["p99_us"]}', ''],
        ['memory before / all idle / with streams, MiB', f'{alone:.1f} / {idle:.1f} / {peak:.1f}', '']])
    if figures['failed'] or figures['missing']:
        raise SystemExit(f'crowd: {figures}')
