"""The tools that are compared with `kube-audit-exporter scan`: how each counts, and which version it is."""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

import measure

QUERIES = measure.HERE / "queries"


@dataclass(frozen=True)
class Tool:
    name: str
    # The command for a corpus and its paths, or None if the tool does not read such files.
    command: Callable
    version: str
    # The number of requests in what it printed; None if the tool does not count. Most print a source and its count.
    count: Callable | None = lambda output: sum(int(line.rsplit(" ", 1)[1]) for line in output.splitlines())
    statuses: tuple[int, ...] = (0,)


def sum_of_scan(output):
    """All requests by verified addresses: each request has one."""
    return sum(row["count"] for row in json.loads(output) if row["origin"] == "verified")


def sources_of_scan(output):
    counts = {"verified": {}, "claimed": {}}
    for row in json.loads(output):
        counts[row["origin"]][row["src_ip"]] = row["count"]
    return counts


def sum_of_mtail(output):
    """All values of all metrics, which are listed by name."""
    metrics = [metric for listed in json.loads(output).values() for metric in listed]
    return sum(int(value["Value"]["Value"]) for metric in metrics for value in metric.get("LabelValues") or [])


def number(output):
    """grep and ripgrep: a line for each file; ripgrep prints nothing instead of 0."""
    return sum(int(line.rsplit(":", 1)[-1]) for line in output.splitlines())


def plain(command):
    """Only for files that are not compressed."""
    return lambda corpus, paths: None if corpus.suffix else command(corpus, paths)


def decompress(corpus, paths):
    return {"gz": ["zcat", *paths], "zst": ["zstdcat", *paths]}.get(corpus.suffix)


def python_version(package):
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def tools(cache):
    """The exporter first. Tools that are not installed are left out, and named on standard error."""
    exporter = measure.exporter()
    simdjson = measure.built(cache, "simdjson-count", "simdjson/count.cpp", "-std=c++20", "-O3", "-lsimdjson")
    python = sys.executable
    found = [
        Tool(
            "scan",
            lambda corpus, paths: [
                exporter,
                "scan",
                "--outcome",
                corpus.outcome,
                "--window",
                "all",
                "--threshold",
                "0",
                "--format",
                "json",
                *paths,
            ],
            measure.first_line(exporter, "--version"),
            sum_of_scan,
            (0, 3),
        ),
        Tool(
            "ripgrep -c",
            lambda corpus, paths: ["rg", *(["-z"] if corpus.suffix else []), "-c", "-F", corpus.needle, *paths],
            measure.debian_version("ripgrep"),
            number,
            (0, 1),
        ),
        Tool(
            "grep -c",
            plain(lambda corpus, paths: ["grep", "-c", "-F", corpus.needle, *paths]),
            measure.debian_version("grep"),
            number,
            (0, 1),
        ),
        Tool(
            "simdjson",
            plain(lambda corpus, paths: [simdjson, corpus.outcome, *paths]),
            measure.debian_version("libsimdjson-dev"),
        ),
        Tool(
            "DuckDB",
            lambda corpus, paths: [python, QUERIES / "count_duckdb.py", corpus.outcome, *paths],
            python_version("duckdb"),
        ),
        Tool(
            "Polars",
            plain(lambda corpus, paths: [python, QUERIES / "count_polars.py", corpus.outcome, *paths]),
            python_version("polars"),
        ),
        Tool(
            "jq",
            plain(lambda corpus, paths: ["jq", "-n", "-r", "-f", QUERIES / f"{corpus.outcome}.jq", *paths]),
            measure.debian_version("jq"),
        ),
        Tool(
            "mtail",
            plain(
                lambda corpus, paths: [
                    "mtail",
                    "-one_shot",
                    "-one_shot_format=json",
                    "-logtostderr",
                    "-progs",
                    QUERIES / f"{corpus.outcome}.mtail",
                    "-logs",
                    *paths,
                ]
            ),
            measure.debian_version("mtail"),
            sum_of_mtail,
        ),
        # How fast the compressed bytes can be read at all.
        Tool("zcat/zstdcat", decompress, f"{measure.debian_version('gzip')}/{measure.debian_version('zstd')}", None),
    ]
    programs = {"ripgrep -c": "rg", "grep -c": "grep", "jq": "jq", "mtail": "mtail", "zcat/zstdcat": "zstdcat"}
    missing = [
        tool.name
        for tool in found
        if tool.version == "not installed" or not shutil.which(programs.get(tool.name, "sh"))
    ]
    if missing:
        print(f"Not installed, left out: {', '.join(missing)}", file=sys.stderr)
    return [tool for tool in found if tool.name not in missing]
