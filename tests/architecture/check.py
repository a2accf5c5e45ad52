"""The house's rules, checked: who may include whom, where heavy headers stand, where documents lead, what each program links.

Usage: check.py includes|headers|sources|awaits|links|linkage [--bin DIR]
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

# In the order of the house: a folder may use itself and those before it. Within media and studio see ROOMS.
FLOORS = ["base", "net", "store", "model", "media", "graph", "studio", "watch", "api", "app"]

# Rooms of one floor that may not use each other, as (from, to).
FORBIDDEN_ROOMS = [
    ("media/protocol", "media/supervisor"),
    ("media/protocol", "media/worker"),
    ("media/supervisor", "media/worker"),
    ("media/worker", "media/supervisor"),
    # The worker holds no event loop, no store, no server.
    ("media/worker", "net"),
    ("media/worker", "store"),
    ("graph", "media/worker"),
    ("studio", "media/worker"),
    ("api", "media/worker"),
    ("app", "media/worker"),
    ("net", "store"),
    ("media", "net"),
    ("media", "store"),
    ("graph", "net"),
    ("studio", "net"),
]

# Heavy headers: the folders whose .cpp files may include them, and whether a header may (to be included by nobody else).
HEAVY = {
    r"boost/beast": ["net"],
    r"nghttp2/": ["net"],
    r"openssl/": ["base", "net"],
    r"sqlite3\.h": ["store"],
    r"libav\w+/|libsw\w+/": ["media/worker"],
    r"vips/": ["media/worker"],
    r"poppler": ["media/worker"],
    r"ass/ass": ["media/worker"],
    r"unicode/": ["media/worker"],
    r"flite|espeak": ["media/worker"],
    r"ft2build|freetype|hb\.h|hb-ft": ["media/worker"],
    r"yaml-cpp": ["studio"],
    r"cmark": ["studio"],
    r"toml\+\+": ["base"],
}
# Whole Asio costs two seconds a file: only these may include it.
WHOLE_ASIO = {"base/asio.cpp"}
# Headers outside media/worker that many include: they must not pull in what makes every file slow.
LIGHT_HEADER_BANS = [r"boost/asio\.hpp", r"boost/beast", r"boost/json\.hpp", r"<regex>", r"<iostream>"]

MEDIA_LIBRARIES = re.compile(r"libav|libsw|libvips|libpoppler|libass|libflite|libespeak|libicu|libx264|libfreetype|libharfbuzz")


def sources(*endings):
    for path in sorted(SRC.rglob("*")):
        if path.suffix in endings:
            yield path.relative_to(SRC).as_posix(), path.read_text(encoding="utf-8")


def includes_of(text):
    return re.findall(r'^\s*#\s*include\s+(["<][^">]+[">])', text, re.M)


def within(path, folder):
    return path == folder or path.startswith(folder + "/")


def check_includes():
    for path, text in sources(".cpp", ".hpp"):
        floor = path.split("/")[0]
        if floor not in FLOORS:
            yield f"src/{path}: the folder {floor}/ is not in the house (tests/architecture/check.py)"
            continue
        for include in includes_of(text):
            if include[0] != '"':
                continue
            target = include[1:-1]
            other = target.split("/")[0]
            if "/" not in target or other not in FLOORS:
                yield f'src/{path}: #include {include}: include by the path from src/'
                continue
            if FLOORS.index(other) > FLOORS.index(floor):
                yield f"src/{path}: {floor}/ may not use {other}/ (#include {include})"
            for room, forbidden in FORBIDDEN_ROOMS:
                if within(path, room) and within(target, forbidden):
                    yield f"src/{path}: {room}/ may not use {forbidden}/ (#include {include})"


def check_headers():
    for path, text in sources(".cpp", ".hpp"):
        for include in includes_of(text):
            name = include[1:-1]
            for heavy, folders in HEAVY.items():
                if re.match(heavy, name) and not any(within(path, folder) for folder in folders):
                    yield f"src/{path}: {name} belongs into {' and '.join(folders)} alone"
            if name == "boost/asio.hpp" and path not in WHOLE_ASIO:
                yield f"src/{path}: include what is used of Asio, not all of it"
            if path.endswith(".hpp") and include[0] == "<":
                for ban in LIGHT_HEADER_BANS:
                    if re.match(ban.strip("<>"), name) and not within(path, "net"):
                        yield f"src/{path}: a header may not include {name}"


def check_sources():
    """What no source may hold, and that the one place that detaches coroutines is the group."""
    for path, text in sources(".cpp", ".hpp"):
        if path.endswith(".hpp") and "#pragma once" not in text:
            yield f"src/{path}: no #pragma once"
        for number, line in enumerate(text.splitlines(), 1):
            if re.search(r"\bdetached\b", line) and "asio" in line and path not in ("base/task_group.cpp",):
                yield f"src/{path}:{number}: coroutines are spawned by a TaskGroup"
            if re.search(r"\bTODO\b(?!.*#\d+)", line):
                yield f"src/{path}:{number}: a TODO names its issue"
            if re.search(r"using namespace std(?!::(literals|chrono|chrono_literals|string_view_literals))", line):
                yield f"src/{path}:{number}: using namespace std"
    for folder in sorted(path for path in SRC.iterdir() if path.is_dir()):
        if not any(folder.rglob("*.cpp")):
            yield f"src/{folder.name}: an empty room"


def await_expressions(text):
    """Every full expression that holds a co_await, with the line it stands on."""
    for found in re.finditer(r"\bco_await\b", text):
        end, depth, quoted = found.end(), 0, False
        while end < len(text):
            character = text[end]
            if character == '"' and text[end - 1] != "\\":
                quoted = not quoted
            elif not quoted:
                if character in "([{":
                    depth += 1
                elif character in ")]}":
                    depth -= 1
                if depth < 0 or (depth == 0 and character == ";"):
                    break
            end += 1
        yield text.count("\n", 0, found.start()) + 1, text[found.start():end]


def check_awaits():
    """GCC 12 destroys some temporaries of a co_await expression twice (docs/decisions/0001-asio.md)."""
    for path, text in sources(".cpp", ".hpp"):
        if path == "base/async.hpp":
            continue
        for line, expression in await_expressions(re.sub(r"//[^\n]*", "", text)):
            if re.search(r"[(,]\s*\{\s*[^}\s]", expression):
                yield f"src/{path}:{line}: name this aggregate before the co_await"
            if re.search(r"\[[^\]]+\]\s*\(", expression) and "suspend(" not in expression and "async_initiate" not in expression:
                yield f"src/{path}:{line}: name this capturing lambda before the co_await"
            if re.search(r"\?[^:]*:", re.sub(r"::", "", re.sub(r'"[^"]*"', "", expression))):
                yield f"src/{path}:{line}: name the result of this conditional before the co_await"


def check_links():
    """Files that a document of ours leads to are there."""
    skipped = {"build", "node_modules", ".git", ".svelte-kit"}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in skipped]
        for name in names:
            path = pathlib.Path(folder) / name
            if path.suffix != ".md":
                continue
            text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
            for target in re.findall(r"\]\(([^)\s#:]+)(?:#[^)]*)?\)", text):
                if not target.startswith("/") and not (path.parent / target).exists():
                    yield f"{path.relative_to(ROOT)}: leads to {target}, which is not there"


def check_linkage(bin_folder):
    atelier = pathlib.Path(bin_folder) / "atelier"
    output = subprocess.run(["ldd", str(atelier)], capture_output=True, text=True, check=True).stdout
    for line in output.splitlines():
        if MEDIA_LIBRARIES.search(line):
            yield f"atelier links a media library: {line.strip()}"
    worker = pathlib.Path(bin_folder) / "atelier-media"
    output = subprocess.run(["ldd", str(worker)], capture_output=True, text=True, check=True).stdout
    for name in ("libsqlite3", "libboost_system"):
        if name in output:
            yield f"atelier-media links {name}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("check", choices=["includes", "headers", "sources", "awaits", "links", "linkage"])
    parser.add_argument("--bin", default=str(ROOT / "build/release/bin"))
    options = parser.parse_args()
    checks = {"includes": check_includes, "headers": check_headers, "sources": check_sources, "awaits": check_awaits, "links": check_links,
              "linkage": lambda: check_linkage(options.bin)}
    complaints = list(checks[options.check]())
    for complaint in complaints:
        print(complaint)
    print(f"{options.check}: {len(complaints)} complaints")
    sys.exit(1 if complaints else 0)


main()
