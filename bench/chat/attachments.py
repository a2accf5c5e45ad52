#!/usr/bin/env python3
"""What attaching costs: a 12-megapixel photograph and a 100-page PDF made ready for a model, and sending them.

Each is uploaded so often, every time with other bytes, to a server whose media worker runs already; the photograph is of noise over
gradients, as sensors give it, and each page of the PDF has 3 kB of text. Then what a send takes from its first byte to the
provider's, with nothing, the photograph and the PDF attached, in a thread that begins.

Usage: attachments.py [--bin DIR] [--rounds N]
"""
import argparse
import json
import subprocess
import tempfile
import time

from run import Studio, Upstream, await_idle, line  # the one beside this, which knows where `servers` is
from servers import free_port, wait_for_port


def photograph():
    return subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=4032x3024,noise=alls=12:allf=t', '-frames:v', '1',
                           '-c:v', 'mjpeg', '-q:v', '3', '-f', 'image2pipe', '-'], check=True, capture_output=True).stdout


def document(pages, mark):
    words = 'The keeper of the lamp wrote down each ship that went by in the night. '
    objects = ['<< /Type /Catalog /Pages 2 0 R >>', f'<< /Type /Pages /Kids [{" ".join(f"{4 + 2 * page} 0 R" for page in range(pages))}] /Count {pages} >>',
               '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>']
    for page in range(pages):
        drawn = f'BT /F1 10 Tf 50 760 Td 14 TL ({mark}, page {page}) Tj T*\n' + f'({words}) Tj T*\n' * 42 + 'ET'
        objects += [f'<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {5 + 2 * page} 0 R /Resources << /Font << /F1 3 0 R >> >> >>',
                    f'<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream']
    file, places = '%PDF-1.7\n', []
    for number, text in enumerate(objects, 1):
        places.append(len(file))
        file += f'{number} 0 obj\n{text}\nendobj\n'
    table = f'xref\n0 {len(objects) + 1}\n0000000000 65535 f \n' + ''.join(f'{place:010} 00000 n \n' for place in places)
    return (file + table + f'trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(file)}\n%%EOF\n').encode('latin-1')


def uploads(studio, name, files):
    times, asset = [], None
    for file in files:
        began = time.perf_counter()
        asset = json.loads(studio.ask('POST', f'/api/assets?name={name}', file))
        times.append((time.perf_counter() - began) * 1000)
    return times, asset


def sends(studio, upstream, parts, count):
    times = []
    for _ in range(count):
        thread = json.loads(studio.ask('POST', '/api/threads', {'model': 'b/bench'}))['id']
        upstream.came.clear()
        began = time.perf_counter()
        studio.ask('POST', f'/api/threads/{thread}/messages', {'parts': parts + [{'type': 'text', 'text': 'What is this?'}]})
        upstream.came.wait(10)
        times.append((upstream.first_byte - began) * 1000)
        await_idle(studio, thread)
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', default='build/release/bin')
    parser.add_argument('--rounds', type=int, default=20)
    options = parser.parse_args()
    upstream, port = Upstream(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([f'{options.bin}/atelier', 'serve', '--listen', f'127.0.0.1:{port}', '--data-dir', f'{folder}/data', '--set', 'models.find_local=false'],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(port)
            studio = Studio(port)
            studio.ask('POST', '/api/providers', {'name': 'b', 'preset': 'openai_chat', 'base_url': f'http://127.0.0.1:{upstream.port}/v1', 'key': 'k'})
            photo = photograph()
            uploads(studio, 'warm.jpg', [photo + b'warm'])
            times, picture = uploads(studio, 'photo.jpg', [photo + b'%d' % at for at in range(options.rounds)])
            line(f'12 MP JPEG of {len(photo) / 1e6:.1f} MB taken in and shrunk', times)
            files = [document(100, f'Report {at}') for at in range(options.rounds)]
            times, report = uploads(studio, 'report.pdf', files)
            line(f'PDF of 100 pages, {len(files[0]) / 1e6:.1f} MB, taken in and read', times)
            print(f'  sent: {picture["prepared"]}, {report["prepared"]}')
            count = options.rounds * 5
            line('send to first byte, nothing attached', sends(studio, upstream, [], count))
            line('send to first byte, the photograph', sends(studio, upstream, [{'type': 'image', 'asset_id': picture['id']}], count))
            line('send to first byte, the PDF', sends(studio, upstream, [{'type': 'file', 'asset_id': report['id'], 'name': 'report.pdf', 'media_type': 'application/pdf'}], count))
        finally:
            server.terminate()
            server.wait(20)


if __name__ == '__main__':
    main()
