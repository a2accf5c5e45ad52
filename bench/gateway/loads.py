"""What is sent, by which program, and how its figures are told."""
import json
import statistics
import subprocess

from servers import MODEL

TEXT = 'Say something of a kibibyte. ' + 'x' * 700


def body(is_streamed=False, model=MODEL):
    return json.dumps({'model': model, 'stream': is_streamed, 'messages': [{'role': 'user', 'content': TEXT}]}, separators=(',', ':'))


def command(bin_folder, load, server, **options):
    words = [word for name, value in options.items() for word in ('--' + name.replace('_', '-'), str(value))]
    return [bin_folder / 'bench_client', load, '--port', str(server.port), '--key', server.key, *words]


def run(bin_folder, load, server, may_fail=False, **options):
    """The figures that bench_client tells. Ends the bench if anything failed that may not."""
    told = subprocess.run(command(bin_folder, load, server, **options), capture_output=True, text=True)
    if told.returncode != 0:
        raise SystemExit(f'{server.name}: {told.stderr}')
    return checked(server, told.stdout, may_fail)


def checked(server, told, may_fail=False):
    figures = json.loads(told.strip().splitlines()[-1])
    if not may_fail and (figures['failed'] or figures.get('missing')):
        raise SystemExit(f'{server.name}: {figures}')
    return figures


def spread(values, digits=1):
    return f'{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})'


def table(heads, rows):
    cells = [heads, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    for row in cells:
        print('  ' + '   '.join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
