#!/usr/bin/env python3
"""Fills the history of figures with 90 days, as a studio that was always asked something has them.

Usage: seed_figures.py DATA_FOLDER ROUTES    (the studio is stopped)
"""

import math
import random
import sqlite3
import struct
import sys
import time
from pathlib import Path

TIERS = [(1, 3600), (10, 86_400), (300, 90 * 86_400)]  # seconds a point is, and how long it is kept (watch/history/figure.hpp)
BLOCK = 60


def packed(points: list[float]) -> bytes:
    """As watch/history/points.hpp has it: the upper halves of the floats, all told."""
    codes = [(struct.unpack("<I", struct.pack("<f", point))[0] + 0x8000) >> 16 for point in points]
    return bytes([len(codes) - 1]) + struct.pack(f"<{len(codes)}H", *codes)


def figures(routes: int) -> list[tuple[str, float]]:
    """Names, and what they are about."""
    all_figures = [("atelier_process_uptime_seconds:value", 86_400.0), ("atelier_process_resident_bytes:value", 60e6)]
    seconds = [f'atelier_http_request_seconds{{route="/api/bench{number}"}}' for number in range(routes)] + ['atelier_http_request_seconds{route="/api/*"}']
    for place, name in enumerate(seconds):
        all_figures += [(f"{name}:rate", 0.2 + place % 7), (f"{name}:p50", 0.004), (f"{name}:p95", 0.02 + place / 2_000), (f"{name}:p99", 0.08)]
    all_figures += [("atelier_http_requests_total:rate", 90.0), ('atelier_http_requests_total{status="5xx"}:rate', 0.05)]
    for objective in ("gateway", "api", "chat_fast"):
        all_figures += [(f'atelier_objective_events_total{{objective="{objective}",outcome="{outcome}"}}:rate', rate) for outcome, rate in (("good", 30.0), ("bad", 0.01))]
    all_figures += [(f'atelier_budget_value{{budget="{budget}"}}:value', value) for budget, value in (("chat_api_p95", 0.06), ("chat_api_p99", 0.2), ("query_p95", 0.003), ("memory_idle", 60e6))]
    return all_figures


def main() -> None:
    folder, routes = Path(sys.argv[1]), int(sys.argv[2])
    draw = random.Random(1)
    now = int(time.time())
    database = sqlite3.connect(folder / "telemetry.db")
    for name, middle in figures(routes):
        (figure,) = database.execute("INSERT INTO figures (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id", (name,)).fetchone()
        rows = []
        for tier, (step, kept) in enumerate(TIERS):
            first = (now - kept) // step // BLOCK * BLOCK
            for start in range(first, now // step - BLOCK, BLOCK):
                day = 1 + 0.5 * math.sin(start * step / 86_400 * 2 * math.pi)
                rows.append((figure, tier, start, packed([middle * day * (0.8 + 0.4 * draw.random()) for _ in range(BLOCK)])))
        database.executemany("INSERT INTO figure_blocks (figure, tier, start, points) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows)
        database.commit()
    (count, size) = database.execute("SELECT count(*), sum(length(points)) FROM figure_blocks").fetchone()
    print(f"{count} blocks, {size / 1e6:.1f} MB of points")
    database.close()


if __name__ == "__main__":
    main()
