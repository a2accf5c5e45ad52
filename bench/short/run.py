"""How long a whole short takes, against x264 alone and against one ffmpeg command, in one run, in turn.

Usage: run.py [--bin DIR] [--rounds N] [--json]
The story is examples/launch/story.md. Frames for x264 are the short's own, decoded to a RAM disk. Each round makes the
short in a fresh data folder, edits one sentence and makes it again, runs x264 alone, and runs the ffmpeg command.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STORY = ROOT / "examples/launch/story.md"
PICTURES = ["coffee", "cat", "astronaut", "rocket", "moon", "deep-field"]
WIDTH, HEIGHT, FPS = 1080, 1920, 30


def timed(command, **options):
    before = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    return time.perf_counter() - before


def make(atelier, story, out, data):
    return timed([atelier, "make", str(story), "-o", str(out), "--data-dir", str(data)])


def ffmpeg_command(timeline, folder, sound, subtitles, out):
    """The same short as one ffmpeg command: pictures zoomed, captions burnt, loudness set."""
    inputs, filters = [], []
    for index, (name, scene) in enumerate(zip(PICTURES, timeline["scenes"])):
        inputs += ["-loop", "1", "-framerate", str(FPS), "-t", f"{scene['frame_count'] / FPS:.6f}", "-i", str(folder / f"{name}.jpg")]
        filters.append(
            f"[{index}:v]scale=1296:2304:force_original_aspect_ratio=increase,crop=1296:2304,"
            f"zoompan=z='min(1+0.0005*on,1.15)':x='iw/2-iw/zoom/2':y='ih/2-ih/zoom/2':d=1:s={WIDTH}x{HEIGHT}:fps={FPS},"
            f"trim=end_frame={scene['frame_count']},setsar=1,format=yuv420p[v{index}]")
    count = len(PICTURES)
    joined = "".join(f"[v{index}]" for index in range(count))
    filters.append(f"{joined}concat=n={count}:v=1[film];[film]ass={subtitles}[video];[{count}:a]loudnorm=I=-14:TP=-1.5,aformat=channel_layouts=stereo:sample_rates=48000[audio]")
    return ["ffmpeg", "-v", "error", "-y", *inputs, "-i", str(sound), "-filter_complex", ";".join(filters), "-map", "[video]", "-map", "[audio]",
            "-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-profile:v", "high", "-g", "15", "-keyint_min", "15", "-bf", "2",
            "-maxrate", "8M", "-bufsize", "8M", "-c:a", "aac", "-b:a", "192k", "-movflags", "+faststart", str(out)]


def spread(values):
    return {"median": round(statistics.median(values), 3), "min": round(min(values), 3), "max": round(max(values), 3)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    atelier, x264 = f"{options.bin}/atelier", f"{options.bin}/bench_x264"
    work = pathlib.Path(tempfile.mkdtemp(prefix="atelier-bench-"))
    frames = pathlib.Path(tempfile.mkdtemp(prefix="atelier-frames-", dir="/dev/shm")) / "frames.yuv"
    try:
        story = work / "story"
        shutil.copytree(STORY.parent, story)
        make(atelier, story / "story.md", work / "reference.mp4", work / "reference-data")
        timeline = json.loads((work / "reference.json").read_text())
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(work / "reference.mp4"), "-map", "0:v", "-f", "rawvideo", "-pix_fmt", "yuv420p", str(frames)], check=True)
        sound = work / "sound.wav"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(work / "reference.mp4"), "-vn", str(sound)], check=True)
        command = ffmpeg_command(timeline, story, sound, work / "reference.ass", work / "ffmpeg.mp4")
        text = (story / "story.md").read_text()
        edited = text.replace("The suit weighs more than her daughter did at ten.", "The suit weighs more than her daughter did at twelve.")
        assert edited != text
        rows = {"make": [], "edit": [], "x264": [], "ffmpeg": []}
        for number in range(options.rounds):
            data = work / f"data{number}"
            (story / "story.md").write_text(text)
            rows["make"].append(make(atelier, story / "story.md", work / "a.mp4", data))
            rows["x264"].append(float(subprocess.run([x264, str(frames), str(WIDTH), str(HEIGHT), str(FPS), str(os.cpu_count())],
                                                     check=True, capture_output=True, text=True).stdout.split()[0]))
            (story / "story.md").write_text(edited)
            rows["edit"].append(make(atelier, story / "story.md", work / "b.mp4", data))
            rows["ffmpeg"].append(timed(command))
            shutil.rmtree(data)
        seconds = timeline["frame_count"] / FPS
        result = {
            "film_seconds": round(seconds, 2),
            "frames": timeline["frame_count"],
            "seconds": {name: spread(values) for name, values in rows.items()},
            "make_over_x264": spread([a / b for a, b in zip(rows["make"], rows["x264"])]),
            "edit_over_make": spread([a / b for a, b in zip(rows["edit"], rows["make"])]),
            "make_over_ffmpeg": spread([a / b for a, b in zip(rows["make"], rows["ffmpeg"])]),
        }
        print(json.dumps(result, indent=None if options.json else 2))
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(frames.parent, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
