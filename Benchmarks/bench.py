#!/usr/bin/env python3
"""Measures the exporter, and other tools at the same work.

    make bench                                              all benchmarks, logs of 540 MB
    make bench BENCH="--only scan --size 20MB --rounds 7"   one of them, quickly

Environment: BENCH_EXPORTER, the exporter (default: .build/release/kube-audit-exporter); BENCH_DIR, the directory for
logs and tools (default: .build/bench). Results of full size are written to Benchmarks/results, others to BENCH_DIR.
The last table says which targets are met; a missed one does not change the exit status.
"""

import argparse
import importlib
import shlex
import signal
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import corpora  # these are in this directory
import draw
import measure
import peers
import report
import targets

BENCHMARKS = {
    "scan": ("scanning", "searching old logs, compared with other tools"),
    "scrape": ("scraping", "a scrape, compared with client_golang"),
    "webhook": ("webhook", "events a second through the webhook, and the latency of a batch"),
    "follow": ("following", "following a log: CPU, latency, wake-ups, disk; and the same at rest"),
    "start": ("starting", "a start, with an empty state and with many sources"),
    "rules": ("rules", "an evaluation of the rules in Prometheus"),
}


def names(text):
    return [name.strip() for name in text.split(",") if name.strip()]


def numbers(text):
    return [int(number) for number in names(text)]


def pairs(text):
    return [tuple(map(int, pair.split(":"))) for pair in names(text)]


def arguments():
    parser = argparse.ArgumentParser(
        prog="bench.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    listed = "; ".join(f"{name}: {what}" for name, (_, what) in BENCHMARKS.items())
    parser.add_argument(
        "--only", type=names, default=list(BENCHMARKS), metavar="NAME,...", help=f"benchmarks to run ({listed})"
    )
    parser.add_argument(
        "--size", type=corpora.parse_size, default=corpora.FULL_SIZE, help="size of each log (default: 540MB)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="counted rounds of each tool (default: 7)")
    parser.add_argument(
        "--corpora",
        type=names,
        default=None,
        metavar="NAME,...",
        help=f"scan: logs to search ({', '.join(item.name for item in corpora.CORPORA)})",
    )
    parser.add_argument(
        "--tools",
        type=names,
        default=None,
        metavar="NAME,...",
        help="scan: tools besides the exporter, such as 'ripgrep -c,jq'",
    )
    parser.add_argument(
        "--sources",
        type=numbers,
        default=[1_000, 10_000, 30_000, 100_000],
        metavar="N,...",
        help="scrape: numbers of sources (default: 1000,10000,30000,100000)",
    )
    parser.add_argument("--scrapes", type=int, default=20, help="scrape: scrapes of each kind (default: 20)")
    parser.add_argument(
        "--rates",
        type=numbers,
        default=[100, 1_000, 100_000],
        metavar="N,...",
        help="follow: events a second (default: 100,1000,100000)",
    )
    parser.add_argument("--duration", type=float, default=60, help="follow: seconds of each part (default: 60)")
    parser.add_argument(
        "--idle-sources", type=int, default=10_000, help="follow: sources in memory at rest (default: 10000)"
    )
    parser.add_argument(
        "--start-sources",
        type=numbers,
        default=[10_000, 100_000],
        metavar="N,...",
        help="start: numbers of sources in the state (default: 10000,100000)",
    )
    parser.add_argument(
        "--rule-sources",
        type=pairs,
        default=[(10_000, 1), (10_000, 3), (100_000, 1)],
        metavar="N:OUTCOMES,...",
        help="rules: numbers of sources, each with counters of so many outcomes (default: 10000:1,10000:3,100000:1)",
    )
    parser.add_argument("--rule-hours", type=float, default=2, help="rules: hours of samples (default: 2)")
    parser.add_argument(
        "--rule-scanning", type=int, default=100, help="rules: sources that scan and raise alerts (default: 100)"
    )
    parser.add_argument(
        "--rule-interval", type=float, default=30, help="rules: seconds between evaluations (default: 30)"
    )
    parser.add_argument("--rule-panels", action="store_true", help="rules: time the queries of the dashboards, too")
    parser.add_argument("--evaluations", type=int, default=5, help="rules: evaluations to measure (default: 5)")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="scan: say which functions take the time, with perf, also where no target is missed",
    )
    parser.add_argument("--cache", type=Path, default=corpora.cache(), help="directory for logs and tools")
    parser.add_argument("--output", type=Path, default=None, help="directory for results")
    options = parser.parse_args()
    for name in options.only:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name}; there are {', '.join(BENCHMARKS)}")
    for name in options.corpora or []:
        if name not in [item.name for item in corpora.CORPORA]:
            parser.error(f"there is no corpus {name}")
    for name in options.tools or []:
        if name not in (known := [tool.name for tool in peers.tools(options.cache)]):
            parser.error(f"there is no tool {name}; there are {', '.join(known)}")
    if min(options.rounds, options.scrapes, options.evaluations) < 1:
        parser.error("there is at least one round, one scrape of each kind, and one evaluation")
    if options.output is None:
        is_full = options.size == corpora.FULL_SIZE
        options.output = corpora.ROOT / "Benchmarks/results" if is_full else options.cache / "results"
    return options


def main():
    options = arguments()
    given = shlex.join(sys.argv[1:])
    command = f'make bench BENCH="{given}"' if given else "make bench"
    # On the disk of the cache: elsewhere /tmp may be in memory, and a flush would cost nothing.
    work = options.cache / "work"
    work.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(work)
    for name in options.only:
        module = importlib.import_module(BENCHMARKS[name][0])
        where = measure.machine()
        document = {"machine": where, "command": command, **module.run(options)}
        found = targets.rows(name, document)
        document["targets"] = [row.figures() for row in found]
        lines = module.markdown(document) + (["", *targets.table(found)] if found else [])
        report.write(options.output, name, document, lines)
        draw.draw(options.output, name, document)
        print((options.output / f"{name}.md").read_text())
    lines, missed = targets.summary(options.output)
    (options.output / "targets.md").write_text("\n".join(["## Targets", "", *lines]) + "\n")
    print((options.output / "targets.md").read_text())
    if missed and options.size != corpora.FULL_SIZE:
        print(f"The targets are those of logs of {corpora.FULL_SIZE / 1e6:.0f} MB.", file=sys.stderr)
    print(f"Written to {options.output}", file=sys.stderr)


if __name__ == "__main__":
    # The programs that were started are stopped then too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except measure.Failure as failure:
        measure.progress()
        sys.exit(f"bench.py: {failure}")
    except KeyboardInterrupt:
        measure.progress()
        sys.exit(130)
