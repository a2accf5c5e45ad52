#!/usr/bin/env python3
"""Makes many assets of the few that a studio's data folder has: rows of their own, files and previews shared.

Usage: seed_assets.py DATA_FOLDER COUNT    (the studio is stopped)
"""

import sqlite3
import sys
from pathlib import Path

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # of an id's 26 letters: time first, so that ids sort by it
STEP_MS = 60_000  # between two of them


def id_of(time_ms: int, number: int) -> str:
    value = (time_ms << 80) | number
    return "".join(ALPHABET[(value >> (5 * place)) & 31] for place in reversed(range(26)))


def main() -> None:
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    database = sqlite3.connect(folder / "studio.db")
    database.row_factory = sqlite3.Row
    models = database.execute("SELECT * FROM assets WHERE deleted_ms IS NULL ORDER BY id").fetchall()
    if not models:
        sys.exit("there is no asset to make others of")
    names = models[0].keys()
    first_ms = models[0]["created_ms"] - (count + 1) * STEP_MS

    def rows():
        for number in range(count):
            row = dict(models[number % len(models)])
            created_ms = first_ms + number * STEP_MS
            row["id"] = id_of(created_ms, number)
            row["created_ms"] = created_ms
            row["name"] = f"{number:06d} {row['name']}"
            row["folded"] = row["name"].lower()
            row["read_revision"] = row["words_revision"]  # searched for by nobody here
            yield tuple(row[name] for name in names)

    places = ", ".join("?" for _ in names)
    with database:
        database.executemany(f"INSERT INTO assets ({', '.join(names)}) VALUES ({places})", rows())
        database.execute("DELETE FROM webhook_outbox")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


if __name__ == "__main__":
    main()
