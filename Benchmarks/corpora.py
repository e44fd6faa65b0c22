#!/usr/bin/env python3
"""Makes the logs of the benchmarks, and beside each NAME.log its true counts, NAME.json.

The counts are those of the maker, who knows what he wrote; no log is read to get them. The same seed and size give the
same bytes.
"""

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

sys.dont_write_bytecode = True
import events  # in this directory

ROOT = Path(__file__).resolve().parents[1]
SEED = 18
FULL_SIZE = 540_000_000
START = int(datetime(2026, 11, 23, tzinfo=timezone.utc).timestamp())
CHUNK = 1 << 20


@dataclass(frozen=True)
class Corpus:
    name: str
    title: str
    outcome: str
    # Share of the events that count.
    hits: float
    # The text that a line which counts has, for the tools that search for text.
    needle: str = events.TEXT
    # "gz" or "zst": compressed copies of other corpora.
    suffix: str = ""
    of: tuple[str, ...] = ()

    @property
    def logs(self):
        return self.of or (self.name,)

    def paths(self, directory):
        return [directory / (f"{log}.log.{self.suffix}" if self.suffix else f"{log}.log") for log in self.logs]


UNAUTHORIZED = '"code":401'
CORPORA = [
    Corpus("busy", "Metadata, 1% hits", "forbidden", 0.01),
    Corpus("quiet", "Metadata, 0.01% hits", "forbidden", 0.0001),
    Corpus("scan", "Metadata, 100% hits", "forbidden", 1),
    Corpus("objects", "RequestResponse, 1% hits", "forbidden", 0.01),
    Corpus("hardened", "Metadata, 1% unauthorized", "unauthorized", 0.01, UNAUTHORIZED),
    Corpus("busy-gz", "Metadata, 1% hits, gzip", "forbidden", 0.01, suffix="gz", of=("busy",)),
    Corpus("busy-zst", "Metadata, 1% hits, zstd", "forbidden", 0.01, suffix="zst", of=("busy",)),
    Corpus("two-gz", "Two archives at once, gzip", "forbidden", 0.005, suffix="gz", of=("busy", "quiet")),
]


def material(corpus):
    """The requests that count, and the others."""
    if corpus.name == "objects":
        return events.refused_with_objects(), events.request_response(SEED)
    if corpus.name == "hardened":
        return events.unauthorized(), events.authenticated("hardened.log")
    return events.forbidden(), events.authenticated("metadata.log")


class Sources:
    """Addresses of clients: 200 that scan, some more than others. One in twenty requests claims another address."""

    def __init__(self, chance):
        self.chance = chance
        self.verified = [f"203.0.113.{number}" for number in range(1, 151)]
        self.verified += [f"2001:db8::{number:x}" for number in range(1, 51)]
        self.claimed = [f"198.51.100.{number}" for number in range(1, 21)]
        self.nodes = [f'"10.0.{number >> 8}.{number & 255}"'.encode() for number in range(1, 501)]
        self.counts = {"verified": {}, "claimed": {}}

    def count(self, origin, address):
        counts = self.counts[origin]
        counts[address] = counts.get(address, 0) + 1

    def hit(self):
        """The value of sourceIPs of a request that counts."""
        # The square makes the first ones more frequent.
        address = self.verified[int(self.chance.random() ** 2 * len(self.verified))]
        self.count("verified", address)
        if self.chance.random() >= 0.05:
            return f'"{address}"'.encode()
        claim = self.chance.choice(self.claimed)
        self.count("claimed", claim)
        return f'"{claim}","{address}"'.encode()


class Clock:
    """Times of requests, in the form of the API server: a request a millisecond."""

    def __init__(self):
        self.microsecond = START * 1_000_000
        self.prefix, self.second = b"", -1

    def text(self, delay):
        second, fraction = divmod(self.microsecond + delay, 1_000_000)
        if second != self.second:
            moment = datetime.fromtimestamp(second, timezone.utc)
            self.prefix, self.second = moment.strftime("%Y-%m-%dT%H:%M:%S").encode(), second
        return b"%s.%06dZ" % (self.prefix, fraction)


def write(corpus, size, path, on_progress=lambda bytes_written: None):
    """Writes the log; returns the truth."""
    chance = random.Random(f"{SEED} {corpus.name}")
    hits, others = material(corpus)
    sources, clock = Sources(chance), Clock()
    written = lines = requests = counted_events = with_text = 0
    chunk, length = [], 0
    with open(path, "wb") as log:
        while written < size:
            is_hit = counted_events <= corpus.hits * lines
            request = chance.choice(hits if is_hit else others)
            source = sources.hit() if is_hit else chance.choice(sources.nodes)
            clock.microsecond += events.PAUSE
            bits = chance.getrandbits(128)
            identifier = b"%08x-%04x-4%03x-%04x-%012x" % (
                bits >> 96,
                bits >> 80 & 0xFFFF,
                bits >> 64 & 0xFFF,
                0x8000 | bits >> 48 & 0x3FFF,
                bits & 0xFFFFFFFFFFFF,
            )
            received = clock.text(0)
            for line, delay in zip(request.lines, request.delays):
                text = line % (identifier, source, received, clock.text(delay))
                chunk.append(text)
                length += len(text)
            lines += len(request.lines)
            with_text += request.with_text
            if is_hit:
                requests += 1
                counted_events += request.events
            if length >= CHUNK or written + length >= size:
                log.write(b"".join(chunk))
                written += length
                chunk, length = [], 0
                on_progress(written)
    # Lines with the search string: for 401 these are the events themselves.
    with_needle = counted_events if corpus.needle == UNAUTHORIZED else with_text
    return {
        "name": corpus.name,
        "seed": SEED,
        "size": size,
        "bytes": written,
        "lines": lines,
        "requests": requests,
        "events": counted_events,
        "lines_with_text": with_needle,
        "sources": sources.counts,
    }


def version():
    """Changes when this script or the events change, so that an old cache is made again."""
    import hashlib

    digest = hashlib.sha256()
    for path in [Path(__file__), Path(events.__file__), *sorted(events.FIXTURES.glob("*.log"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def make(directory, size, names=None, quiet=False):
    """Makes the corpora that are missing. Returns (corpus, paths, truth) of each."""
    directory = directory / f"corpora-{size}"
    directory.mkdir(parents=True, exist_ok=True)
    wanted = [corpus for corpus in CORPORA if not names or corpus.name in names]
    truths = {log: make_log(log, directory, size, quiet) for corpus in wanted for log in corpus.logs}
    for corpus in wanted:
        for log, path in zip(corpus.logs, corpus.paths(directory), strict=True):
            if corpus.suffix and not path.exists():
                compress(directory / f"{log}.log", path, corpus.suffix)
    return [(corpus, corpus.paths(directory), together([truths[log] for log in corpus.logs])) for corpus in wanted]


def make_log(name, directory, size, quiet):
    """The truth of a log, which is made if it is missing or of another version of this script."""
    log, truth_path = directory / f"{name}.log", directory / f"{name}.json"
    if truth_path.exists():
        truth = json.loads(truth_path.read_text())
        if truth["version"] == version():
            return truth

    def show(written):
        if not quiet and sys.stderr.isatty():
            sys.stderr.write(f"\r\033[K{name}: {written / 1e6:.0f} of {size / 1e6:.0f} MB")

    # A compressed copy of earlier content does not survive its log.
    for copy in directory.glob(f"{name}.log.*"):
        copy.unlink()
    corpus = next(corpus for corpus in CORPORA if corpus.name == name)
    part = log.with_suffix(".part")
    truth = {**write(corpus, size, part, show), "version": version()}
    os.replace(part, log)
    truth_path.write_text(json.dumps(truth, indent=1) + "\n")
    if not quiet and sys.stderr.isatty():
        sys.stderr.write("\r\033[K")
    return truth


def together(truths):
    """The truth of several logs, which have no request in common."""
    total = dict(truths[0])
    for truth in truths[1:]:
        for key in ("bytes", "lines", "requests", "events", "lines_with_text"):
            total[key] += truth[key]
        origins = {origin: dict(counts) for origin, counts in total["sources"].items()}
        for origin, counts in truth["sources"].items():
            for address, count in counts.items():
                origins[origin][address] = origins[origin].get(address, 0) + count
        total["sources"] = origins
    return total


def compress(source, target, suffix):
    """As logrotate does it: gzip -6, or zstd -3."""
    command = ["gzip", "-6", "-n", "-c"] if suffix == "gz" else ["zstd", "-3", "-q", "-c"]
    program = shutil.which(command[0])
    if not program:
        raise SystemExit(f"{command[0]} is not installed")
    part = target.with_suffix(".part")
    with open(source, "rb") as plain, open(part, "wb") as packed:
        subprocess.run([program, *command[1:]], stdin=plain, stdout=packed, check=True)
    os.replace(part, target)


def parse_size(text):
    match = re.fullmatch(r"([0-9.]+)\s*([kMG]?)B?", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text} is no size, such as 20MB")
    return int(float(match[1]) * {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[match[2]])


def cache():
    return Path(os.environ.get("BENCH_DIR") or ROOT / ".build/bench")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=parse_size, default=FULL_SIZE, help="size of each log (default: 540MB)")
    parser.add_argument(
        "--cache", type=Path, default=cache(), help="directory for the logs (default: BENCH_DIR or .build/bench)"
    )
    parser.add_argument("names", nargs="*", metavar="CORPUS", help=", ".join(corpus.name for corpus in CORPORA))
    arguments = parser.parse_args()
    for _, paths, truth in make(arguments.cache, arguments.size, arguments.names):
        lines, requests, counted = (truth[key] for key in ("lines", "requests", "events"))
        print(f"{', '.join(map(str, paths))}: {lines:,} lines, {requests:,} requests count ({counted:,} events)")
