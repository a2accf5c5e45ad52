"""Files that were made to hurt whoever reads them: bombs, liars, two files in one, halves. Each is made here, most from a whole
file of ffmpeg's. `hostile_files()` gives what each is called, its ending, its bytes, and what may become of it."""

import gzip
import io
import re
import struct
import subprocess
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, replace

REFUSED, TAKEN, EITHER = 'refused', 'taken', 'either'
STREAMS = 20_000


@dataclass
class Hostile:
    name: str
    ending: str
    data: bytes
    fate: str = REFUSED
    kind: str = 'image'  # what a provider is asked for that then sends it


def ffmpeg(*arguments, form):
    return subprocess.run(['ffmpeg', '-nostdin', '-v', 'error', *arguments, '-f', form, '-'], capture_output=True, check=True, timeout=60).stdout


def ffmpeg_file(*arguments, ending):
    """As ffmpeg makes it where it can go back: with sizes and an index, an MP4's behind its pictures."""
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        subprocess.run(['ffmpeg', '-nostdin', '-y', '-v', 'error', *arguments, file.name], check=True, timeout=60)
        return file.read()


PICTURE = ('-f', 'lavfi', '-i', 'testsrc2=s=320x240', '-frames:v', '1')
CLIP = ('-f', 'lavfi', '-i', 'testsrc2=s=160x120:r=10:d=1', '-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p')
SOUND = ('-f', 'lavfi', '-i', 'sine=f=440:d=1')


def png_chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))


def png(width, height, pixels=b'', more=b''):
    head = struct.pack('>IIBBBBB', width, height, 1, 0, 0, 0, 0)
    return b'\x89PNG\r\n\x1a\n' + png_chunk(b'IHDR', head) + more + png_chunk(b'IDAT', pixels) + png_chunk(b'IEND', b'')


def packed(piece, count):
    packer = zlib.compressobj(9)
    return b''.join(packer.compress(piece) for _ in range(count)) + packer.flush()


def png_that_unpacks(side):
    """A whole picture of one bit a pixel."""
    return png(side, side, packed(bytes((1 + side // 8) * 100), side // 100))


def small_png(more=b''):
    return png(64, 64, packed(bytes(1 + 8), 64), more)


def gif_of(count):
    frame = b'\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0'
    return b'GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff' + frame * count + b'\x3b'


def tiff_in_a_circle():
    """Its first directory says that the next is the first."""
    fields = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 200), (278, 4, 1, 8), (279, 4, 1, 64)]
    directory = struct.pack('<H', len(fields)) + b''.join(struct.pack('<HHII', *field) for field in fields) + struct.pack('<I', 8)
    return (b'II*\0' + struct.pack('<I', 8) + directory).ljust(200, b'\0') + bytes(64)


def claiming(jpeg, width, height):
    at = jpeg.index(b'\xff\xc0')
    return jpeg[:at + 5] + struct.pack('>HH', height, width) + jpeg[at + 9:]


def webp_claiming(width, height):
    bits = (width - 1) | (height - 1) << 14
    body = b'VP8L' + struct.pack('<I', 10) + b'\x2f' + struct.pack('<I', bits) + bytes(5)
    return b'RIFF' + struct.pack('<I', 4 + len(body)) + b'WEBP' + body


def box(kind, data):
    return struct.pack('>I4s', 8 + len(data), kind) + data


def nested_boxes(depth):
    data = b''
    for _ in range(depth):
        data = box(b'moov', data)
    return box(b'ftyp', b'isom\0\0\2\0isom') + data


def box_at(data, *path):
    """Where the first box of this path lies, with its head."""
    start, end = 0, len(data)
    for kind in path:
        while data[start + 4:start + 8] != kind:
            start += struct.unpack_from('>I', data, start)[0]
            assert start < end
        end = start + struct.unpack_from('>I', data, start)[0]
        found, start = (start, end), start + 8
    return found


def mp4_of_many_tracks(mp4, count):
    first, last = box_at(mp4, b'moov', b'trak')
    movie, _ = box_at(mp4, b'moov')
    size = struct.unpack_from('>I', mp4, movie)[0] + (last - first) * (count - 1)
    return mp4[:movie] + struct.pack('>I', size) + mp4[movie + 4:first] + mp4[first:last] * count + mp4[last:]


def mp4_saying(mp4, hours):
    """Of that many hours, in all places that tell it."""
    out = bytearray(mp4)
    for path in ((b'moov', b'mvhd'), (b'moov', b'trak', b'mdia', b'mdhd')):
        at, _ = box_at(mp4, *path)
        scale = struct.unpack_from('>I', out, at + 20)[0]
        struct.pack_into('>I', out, at + 24, min(hours * 3600 * scale, 0xFFFF_FFFE))
    return bytes(out)


def mp4_pointing_away(mp4, url):
    """Its samples are in another file, it says."""
    at = mp4.index(b'dref')
    entry = mp4.index(b'url ', at) - 4
    old = struct.unpack_from('>I', mp4, entry)[0]
    new = box(b'url ', bytes(4) + url + b'\0')
    grown = bytearray(mp4[:entry] + new + mp4[entry + old:])
    for path in ((b'moov',), (b'moov', b'trak'), (b'moov', b'trak', b'mdia'), (b'moov', b'trak', b'mdia', b'minf'),
                 (b'moov', b'trak', b'mdia', b'minf', b'dinf'), (b'moov', b'trak', b'mdia', b'minf', b'dinf', b'dref')):
        place, _ = box_at(mp4, *path)
        struct.pack_into('>I', grown, place, struct.unpack_from('>I', mp4, place)[0] + len(new) - old)
    return bytes(grown)


def vint(data, at):
    """An EBML number: its value and size."""
    size = 9 - data[at].bit_length()
    return int.from_bytes(data[at:at + size], 'big') & ((1 << (7 * size)) - 1), size


def element(kind, data):
    return kind + (1 << 28 | len(data)).to_bytes(4, 'big') + data


def mkv_of_many_tracks(mkv, count):
    segment = mkv.index(b'\x18\x53\x80\x67') + 4
    tracks = mkv.index(b'\x16\x54\xae\x6b', segment)
    size, width = vint(mkv, tracks + 4)
    picture = element(b'\xe0', element(b'\xb0', b'\xa0') + element(b'\xba', b'\x78'))
    many = b''.join(element(b'\xae', element(b'\xd7', number.to_bytes(2, 'big')) + element(b'\x73\xc5', number.to_bytes(2, 'big')) +
                            element(b'\x83', b'\x01') + element(b'\x86', b'V_VP8') + picture) for number in range(1, count + 1))
    new = element(b'\x16\x54\xae\x6b', many)
    whole, whole_width = vint(mkv, segment)
    grown = whole + len(new) - 4 - width - size
    return mkv[:segment] + (1 << (7 * whole_width) | grown).to_bytes(whole_width, 'big') + mkv[segment + whole_width:tracks] + new + mkv[tracks + 4 + width + size:]


def avi_of_many_streams(avi, count):
    """With what a stream must tell, and none of the room that ffmpeg keeps for an index."""
    first = avi.index(b'strl') - 8
    size = 8 + struct.unpack_from('<I', avi, first + 4)[0]
    told = b''
    for kind in (b'strh', b'strf'):
        at = avi.index(kind, first)
        told += avi[at:at + 8 + struct.unpack_from('<I', avi, at + 4)[0]]
    stream = b'LIST' + struct.pack('<I', 4 + len(told)) + b'strl' + told
    many = bytearray(avi[:first] + stream * count + avi[first + size:])
    for at in (4, avi.index(b'hdrl') - 4):
        struct.pack_into('<I', many, at, struct.unpack_from('<I', avi, at)[0] + len(stream) * count - size)
    return bytes(many)


def ogg_of_many_streams(count):
    head = b'OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0'
    return b''.join(b'OggS\0\x02' + bytes(8) + struct.pack('<III', number, 0, 0) + bytes([1, len(head)]) + head for number in range(count))


def wav(channels=1, rate=8000, data=bytes(800), told=None):
    told = len(data) if told is None else told
    form = struct.pack('<HHIIHH', 1, channels, rate, (rate * channels * 2) & 0xFFFF_FFFF, (channels * 2) & 0xFFFF, 16)
    return b'RIFF' + struct.pack('<I', min(36 + told, 0xFFFF_FFFF)) + b'WAVEfmt ' + struct.pack('<I', 16) + form + b'data' + struct.pack('<I', told) + data


def pdf(*objects):
    out = b'%PDF-1.7\n'
    places = []
    for number, data in enumerate(objects, 1):
        places.append(len(out))
        out += b'%d 0 obj\n%s\nendobj\n' % (number, data)
    table = b''.join(b'%010d 00000 n \n' % place for place in places)
    return out + b'xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n' % (
        len(objects) + 1, table, len(objects) + 1, len(out))


def pdf_stream(data, more=b''):
    return b'<</Length %d%s>>\nstream\n%s\nendstream' % (len(data), more, data)


def pdf_of_a_page(content):
    return pdf(b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[3 0 R]/Count 1>>',
               b'<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>', content)


def zip_of(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return out.getvalue()


SCRIPT = b'<html><script>fetch("/api/keys")</script></html>'
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "ha">' + b''.join(
    b'<!ENTITY %c "%s">' % (97 + i, b'&%c;' % (96 + i) * 10) for i in range(1, 10)) + b']>' + SVG % b'<text>&j;</text>'


def pictures():
    jpeg, webp = ffmpeg(*PICTURE, '-c:v', 'mjpeg', form='image2pipe'), ffmpeg(*PICTURE, '-c:v', 'libwebp', form='image2pipe')
    plain = ffmpeg(*PICTURE, '-c:v', 'png', form='image2pipe')
    yield Hostile('900 megapixels in a few KB', 'png', png_that_unpacks(30_000))
    yield Hostile('3,600 megapixels, told', 'png', png(60_000, 60_000))
    yield Hostile('one line, 2,000,000,000 wide', 'png', png(2_000_000_000, 1))
    yield Hostile('65535x65535, told', 'jpg', claiming(jpeg, 65_535, 65_535))
    yield Hostile('16383x16383, told', 'webp', webp_claiming(16_383, 16_383))
    yield Hostile('100,000 pictures in one', 'gif', gif_of(100_000))
    yield Hostile('a directory that leads to itself', 'tiff', tiff_in_a_circle(), EITHER)
    yield Hostile('99 megapixels, nothing of them there', 'png', png(9_900, 9_900))
    yield Hostile('a text of a gigabyte in a few KB', 'png', small_png(png_chunk(b'zTXt', b'Comment\0\0' + packed(bytes(1 << 20), 1 << 10))), EITHER)
    yield Hostile('a colour profile of a gigabyte in a few KB', 'png', small_png(png_chunk(b'iCCP', b'x\0\0' + packed(bytes(1 << 20), 1 << 10))), EITHER)
    yield Hostile('cut in the middle (PNG)', 'png', plain[:len(plain) // 2])
    yield Hostile('cut in the middle (WebP)', 'webp', webp[:len(webp) // 2])
    yield Hostile('cut in its head', 'jpg', jpeg[:200])
    yield Hostile('noise for pixels', 'png', png(320, 240, bytes(range(256)) * 8))
    yield Hostile('a picture, a web page and an archive', 'jpg', jpeg + SCRIPT + zip_of('../../x', b'x'), TAKEN)
    yield Hostile('a web page in a comment', 'gif', gif_of(1)[:-1] + b'\x21\xfe' + bytes([len(SCRIPT)]) + SCRIPT + b'\0\x3b', TAKEN)
    yield Hostile('a web page in a text', 'html', small_png(png_chunk(b'tEXt', b'Comment\0' + SCRIPT)), TAKEN)
    yield Hostile('a drawing with a script', 'svg', SVG % b'<script>alert(1)</script>')
    yield Hostile('a drawing called PNG', 'png', SVG % b'<image xlink:href="file:///etc/passwd"/>')
    yield Hostile('a billion laughs', 'svg', LAUGHS)
    yield Hostile('commands of ImageMagick', 'png', b"push graphic-context\nimage over 0,0 0,0 'https://127.0.0.1/x'\n")
    yield Hostile('PostScript', 'jpg', b'%!PS\n(/etc/passwd) run\n')
    yield Hostile('HEIF', 'heic', box(b'ftyp', b'heic\0\0\0\0heic') + bytes(100))


def clips():
    fragments = ffmpeg(*CLIP, '-movflags', 'frag_keyframe+empty_moov', form='mp4')
    whole, avi = (ffmpeg_file(*CLIP, ending=ending) for ending in ('.mp4', '.avi'))
    mkv = ffmpeg_file(*CLIP, '-c:v', 'mpeg4', ending='.mkv')
    yield Hostile('20,000 tracks (MP4)', 'mp4', mp4_of_many_tracks(whole, STREAMS))
    yield Hostile('20,000 tracks (Matroska)', 'mkv', mkv_of_many_tracks(mkv, STREAMS))
    yield Hostile('20,000 streams (AVI)', 'avi', avi_of_many_streams(avi, STREAMS))
    yield Hostile('20,000 streams (Ogg)', 'ogg', ogg_of_many_streams(STREAMS))
    yield Hostile('boxes 50,000 deep', 'mp4', nested_boxes(50_000))
    yield Hostile('a thousand hours, told', 'mp4', mp4_saying(whole, 1_000))
    yield Hostile('samples in /etc/passwd, it says', 'mov', mp4_pointing_away(whole, b'file:///etc/passwd'), EITHER)
    yield Hostile('samples at an address, it says', 'mov', mp4_pointing_away(whole, b'http://127.0.0.1:1/x'), EITHER)
    yield Hostile('cut in the middle (MP4)', 'mp4', whole[:len(whole) // 2])
    yield Hostile('cut in the middle (Matroska)', 'mkv', mkv[:len(mkv) // 2])
    yield Hostile('cut in the middle (AVI)', 'avi', avi[:len(avi) // 2])
    yield Hostile('cut in its head (fragments)', 'mp4', fragments[:600])
    for ending in ('mp4', 'avi', 'm3u8'):
        yield Hostile(f'HLS called {ending}', ending, b'#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n')
    yield Hostile('HLS behind a mark of UTF-8', 'mov', b'\xef\xbb\xbf#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1/x.ts\n')
    yield Hostile('HLS behind blank lines', 'ts', b'\r\n\r\n#EXTM3U\n#EXTINF:1,\nconcat:/etc/passwd|x.ts\n')
    yield Hostile('DASH', 'mp4', b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>file:///etc/</BaseURL></MPD>')
    yield Hostile('a list for FFmpeg', 'mkv', b'ffconcat version 1.0\nfile /etc/passwd\n')
    yield Hostile('a web page in a free box', 'mp4', whole + box(b'free', SCRIPT), TAKEN)


def sounds():
    mp3 = ffmpeg(*SOUND, form='mp3')
    yield Hostile('65,535 channels', 'wav', wav(channels=65_535))
    yield Hostile('4,000,000,000 samples a second', 'wav', wav(rate=4_000_000_000))
    yield Hostile('1 GiB, told, and nothing there', 'wav', wav(told=1 << 30))
    yield Hostile('no channels, no rate', 'wav', wav(channels=0, rate=0))
    yield Hostile('a tag of 256 MiB, told', 'mp3', b'ID3\x04\0\0\x7f\x7f\x7f\x7f' + bytes(100))
    yield Hostile('a web page in a tag', 'mp3', b'ID3\x04\0\0\0\0\x01\0' + SCRIPT.ljust(128, b'\0') + mp3, EITHER)


def others():
    yield Hostile('nothing', 'png', b'')
    yield Hostile('one byte', 'jpg', b'\xff')
    yield Hostile('noise', 'mp4', bytes((i * i * 31 + i) % 251 for i in range(100_000)))
    yield Hostile('a web page', 'png', SCRIPT)
    yield Hostile('an archive that unpacks to a gigabyte', 'jpg', zip_of('x', bytes(1 << 30)))
    yield Hostile('gzip that unpacks to a gigabyte', 'png', gzip.compress(bytes(1 << 30)))
    yield Hostile('a program', 'png', b'\x7fELF\x02\x01\x01' + bytes(200))
    yield Hostile('a document whose pages are their own parents', 'pdf',
                  pdf(b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>'))
    yield Hostile('a document of a million pages, told', 'pdf', pdf(b'<</Type/Catalog/Pages 2 0 R>>', b'<</Type/Pages/Kids[]/Count 1000000>>'))
    yield Hostile('a page that unpacks to 256 MiB', 'pdf', pdf_of_a_page(pdf_stream(packed(b'BT (x) Tj ET\n' * 8192, 2_520), b'/Filter/FlateDecode')), EITHER)
    yield Hostile('a document of nested lists', 'pdf', pdf(b'<</Type/Catalog/Pages 2 0 R/X ' + b'[' * 100_000 + b']' * 100_000 + b'>>', b'<</Type/Pages/Kids[]/Count 0>>'))
    yield Hostile('a document with a script and a web page', 'pdf',
                  pdf_of_a_page(pdf_stream(b'BT /F 9 Tf (Hello there) Tj ET')).replace(b'/Type/Catalog', b'/OpenAction<</S/JavaScript/JS(app.alert(1))>>/Type/Catalog') + SCRIPT, EITHER)
    yield Hostile('a document cut in the middle', 'pdf', pdf_of_a_page(pdf_stream(b'BT (Hello) Tj ET'))[:150])


def hostile_files():
    of_kinds = (('image', pictures()), ('video', clips()), ('music', sounds()), ('image', others()))
    return [replace(file, kind=kind) for kind, files in of_kinds for file in files]


def slug(name):
    return re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')
