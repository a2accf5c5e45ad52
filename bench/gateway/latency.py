"""Latency added by a relay: requests at a fixed rate, each timed from when it was due, straight to the upstream, through
nginx and through atelier, in turns. What is added is told round by round."""
from loads import body, run, spread, table
from servers import Atelier, Nginx, Upstream


def in_turns(folder, options, upstream, rounds, ask):
    """`rounds` figures of each, by name."""
    with upstream, Nginx(folder, upstream.port) as nginx, Atelier(folder, upstream.port, options.bin) as atelier:
        servers = (upstream, nginx, atelier)
        for server in servers:
            ask(server)
        figures = {server.name: [] for server in servers}
        for _ in range(rounds):
            for server in servers:
                figures[server.name].append(ask(server))
    return figures


def tell(figures, bounds):
    rows = []
    for name, rounds in figures.items():
        row = [name]
        for quantile in ('p50_us', 'p99_us'):
            row.append(spread([one[quantile] for one in rounds]))
            row.append('' if name == 'direct' else spread([one[quantile] - straight[quantile] for one, straight in zip(rounds, figures['direct'])]))
        rows.append(row)
    rows.append(['bound', '', bounds[0], '', bounds[1]])
    table(['', 'p50, us', 'added', 'p99, us', 'added'], rows)


def measure(folder, options):
    rounds, seconds, rate, connections = options.rounds or 5, options.seconds or 3, 500, 32
    figures = in_turns(folder, options, Upstream(options.bin), rounds, lambda server: run(
        options.bin, 'rate', server, body=body(), per_second=rate, connections=connections, seconds=seconds))
    print(f'whole answers, {rate} requests/s over {connections} connections, {rounds} rounds of {seconds} s in turns')
    tell(figures, ('<= 90', '<= 200'))


def measure_first_token(folder, options):
    rounds, seconds, rate, connections = options.rounds or 5, options.seconds or 3, 200, 32
    figures = in_turns(folder, options, Upstream(options.bin, events=20, events_per_second=250, spreads=0), rounds, lambda server: run(
        options.bin, 'rate', server, body=body(is_streamed=True), per_second=rate, connections=connections, seconds=seconds, to_first_event=1))
    print(f'to the first event of a stream of 20, {rate} streams/s over {connections} connections, {rounds} rounds of {seconds} s in turns')
    tell(figures, ('<= 150', ''))
