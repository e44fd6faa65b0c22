"""The benchmarks' logs hold the counts that their maker says, and the benchmarks run: on logs of 2 MB, in seconds."""

import argparse
import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import bench
import corpora
import document
import peers
import remotewrite
import rules
import targets

SIZE = 2_000_000
BUILDS = [HERE.parent / ".build" / kind / "kube-audit-exporter" for kind in ("debug", "release")]


@pytest.fixture(scope="session", autouse=True)
def exporter():
    """BENCH_EXPORTER, else the newest build of this clone, else the tests are skipped."""
    builds = sorted((path for path in BUILDS if path.exists()), key=lambda path: path.stat().st_mtime)
    path = os.environ.get("BENCH_EXPORTER") or (builds and str(builds[-1]))
    if not path:
        pytest.skip("there is no build of the exporter; set BENCH_EXPORTER, or run swift build")
    os.environ["BENCH_EXPORTER"] = path
    return path


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="session")
def made(cache):
    return corpora.make(cache, SIZE, quiet=True)


@pytest.mark.parametrize("name", [corpus.name for corpus in corpora.CORPORA])
def test_scan_finds_the_true_counts(exporter, made, name):
    corpus, paths, truth = next(item for item in made if item[0].name == name)
    command = [exporter, "scan", "--outcome", corpus.outcome, "--window", "all", "--threshold", "0", "--format", "json"]
    done = subprocess.run([*command, *paths], capture_output=True, text=True, timeout=60)
    assert done.returncode == 3, done.stderr
    assert peers.sources_of_scan(done.stdout) == truth["sources"]
    assert truth["requests"] > 0


@pytest.mark.parametrize("name", [corpus.name for corpus in corpora.CORPORA if not corpus.suffix])
def test_every_line_is_json_and_the_numbers_of_lines_are_true(made, name):
    corpus, (path,), truth = next(item for item in made if item[0].name == name)
    lines = path.read_text().splitlines()
    assert len(lines) == truth["lines"]
    assert path.stat().st_size == truth["bytes"] >= SIZE
    assert sum(corpus.needle in line for line in lines) == truth["lines_with_text"]
    for line in lines:
        json.loads(line)


def test_the_same_seed_gives_the_same_bytes(made, tmp_path):
    corpus, (path,), _ = made[0]
    corpora.write(corpus, SIZE, tmp_path / "again.log")
    assert (tmp_path / "again.log").read_bytes() == path.read_bytes()


def test_objects_have_the_text_in_every_field_where_it_must_not_count(made):
    _, (path,), truth = next(item for item in made if item[0].name == "objects")
    assert truth["lines_with_text"] > truth["events"]
    events = [json.loads(line) for line in path.open()]
    text = "system:unauthenticated"
    for field in ("requestObject", "responseObject", "userAgent", "annotations", "impersonatedUser"):
        assert any(text in json.dumps(event.get(field, "")) for event in events), field


def test_a_size_is_bytes_or_has_a_unit():
    assert [corpora.parse_size(text) for text in ("5", "20MB", "1.5k", "2G")] == [5, 20_000_000, 1500, 2_000_000_000]
    with pytest.raises(argparse.ArgumentTypeError):
        corpora.parse_size("much")


def run(cache, *flags):
    """Runs the benchmarks as make does; returns the directory of the results."""
    output = cache / "results"
    command = [sys.executable, HERE / "bench.py", "--cache", cache, "--output", output, "--size", "2MB", *flags]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return output


def test_the_scan_benchmark_runs(cache, made):
    output = run(cache, "--only", "scan", "--rounds", "1", "--profile")
    document = json.loads((output / "scan.json").read_text())
    assert [result["corpus"] for result in document["results"]] == [corpus.name for corpus in corpora.CORPORA]
    for result in document["results"]:
        counts = {row["tool"]: row["count"] for row in result["rows"]}
        truth = result["truth"]
        assert counts.pop("scan") == truth["requests"]
        # Tools that know fields count events; tools that know lines count lines.
        for tool in {"simdjson", "DuckDB", "Polars", "jq"} & set(counts):
            assert counts[tool] == truth["events"], tool
        for tool in {"ripgrep -c", "grep -c"} & set(counts):
            assert counts[tool] == truth["lines_with_text"], tool
    table = (output / "scan.md").read_text()
    assert "| scan |" in table and "Repeat it: `make bench BENCH=" in table
    assert "The functions of scan with the most samples: `" in table or not shutil.which("perf")
    assert (output / "scan.svg").read_text().startswith("<svg")
    assert "| `scan`: Metadata, 1% hits: peak memory | at most 48 MiB |" in (output / "targets.md").read_text()


def test_every_tool_is_installed():
    """make bench-tools installs them; elsewhere this is skipped."""
    programs = ["rg", "grep", "jq", "mtail", "zcat", "zstdcat", "g++"]
    missing = [name for name in programs if not shutil.which(name)]
    missing += [name for name in ("duckdb", "polars") if peers.python_version(name) == "not installed"]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}; make bench-tools installs them")


def test_a_target_is_met_up_to_its_limit():
    for value, is_met in ((0.9, True), (1, True), (1.0001, False)):
        assert targets.Row("a ratio", 1, value).is_met == is_met
        assert targets.Row("a rate", 1, value, is_minimum=True).is_met == (value >= 1)
    assert targets.Row("latency", 100, 99.4, " ms").cells() == ("latency", "at most 100 ms", "99.4 ms", "yes")
    missed = targets.Row("rate", 700_000, 698_999, is_minimum=True)
    assert missed.cells() == ("rate", "at least 700,000", "698,999", "**no**")


def test_the_page_has_the_committed_results():
    page = document.PAGE.read_text()
    assert document.filled(page) == page, "run Benchmarks/document.py"
    for path, text in document.pictures().items():
        assert path.read_text() == text, "run Benchmarks/document.py"


def test_a_page_is_filled_with_results(tmp_path):
    page = "# T\n<!-- scan: bars -->\nold\n<!-- end -->\n\n<!-- start: table -->\n<!-- end -->\n"
    row = targets.Row("rate", 1, 2)
    (tmp_path / "scan.md").write_text("\n".join(["## Searching\n", "| a |", "", *targets.table([row]), "", "Date"]))
    (tmp_path / "scan.svg").write_text("<svg/>")
    once = document.filled(page, tmp_path)
    assert "-->\n\n![bars](pictures/performance-scan.svg)\n\n| a |\n\nDate\n\n<!-- end -->" in once
    assert "old" not in once and document.MISSING in once
    assert document.filled(once, tmp_path) == once


def test_an_unknown_name_is_refused():
    for flags in (["--only", "nothing"], ["--corpora", "nothing"]):
        done = subprocess.run([sys.executable, HERE / "bench.py", *flags], capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "nothing" in done.stderr


def test_contributing_lists_the_benchmarks():
    text = (HERE.parent / "CONTRIBUTING.md").read_text()
    assert [name for name in bench.BENCHMARKS if f"| `{name}` |" not in text] == []


def test_the_scrape_benchmark_runs(cache):
    output = run(cache, "--only", "scrape", "--sources", "200", "--scrapes", "2")
    (result,) = json.loads((output / "scrape.json").read_text())["results"]
    assert result["sources"] == 200 and result["series"] > 600
    for program in ("exporter", "client_golang"):
        assert [len(result[program][kind]) for kind in ("first", "unchanged", "changed")] == [1, 2, 2]


def test_the_webhook_benchmark_runs(cache, made):
    output = run(cache, "--only", "webhook", "--rounds", "1")
    found = json.loads((output / "webhook.json").read_text())
    for result in found["results"]:
        (figures,) = result["rounds"]
        assert figures["events"] > 0 and figures["refused"] == 0
    assert [row.limit for row in targets.rows("webhook", found)] == [700_000, 100]


def test_the_benchmark_of_following_runs(cache, made):
    output = run(cache, "--only", "follow", "--rates", "500", "--duration", "1", "--idle-sources", "50")
    document = json.loads((output / "follow.json").read_text())
    assert [figures["sources"] for figures in document["rest"]] == [0, 50]
    assert document["rates"][0]["reached"] > 0
    assert document["latencies"][0]["latencies"][0] > 0
    # At a rate of 100,000 events a second there are two more.
    assert len(targets.rows("follow", document)) >= 5


def test_the_benchmark_of_the_start_runs(cache):
    output = run(cache, "--only", "start", "--rounds", "1", "--start-sources", "50")
    results = json.loads((output / "start.json").read_text())["results"]
    assert [(result["sources"], len(result["rounds"])) for result in results] == [(0, 1), (50, 1)]
    assert [row.limit for row in targets.rows("start", {"results": results})] == [50]


def test_the_benchmark_of_the_rules_runs(cache):
    if not shutil.which("prometheus"):
        pytest.skip("prometheus is not installed; make bench-tools installs it")
    flags = ["--rule-sources", "20:3", "--rule-hours", "1.5", "--rule-interval", "1", "--evaluations", "1"]
    output = run(cache, "--only", "rules", *flags, "--rule-panels")
    (result,) = json.loads((output / "rules.json").read_text())["results"]
    assert "kubernetes-access-scanning" in result["groups"]
    assert all(times for times in result["groups"].values())
    # The counters of the sources and of their network rose in the past samples, so the rules record them.
    assert result["samples"] > 360 * 3 * 20 and result["series_created"] >= 3 * 20
    assert result["panels"] and not any(panel["error"] for panel in result["panels"])


def test_only_the_most_expensive_rules_are_printed():
    times = {f"1 rule-{number}": [float(number)] for number in range(9)}
    result = {"sources": 1, "outcomes": 1, "series": 1, "series_created": 0, "cpu": 1, "panels": []}
    result |= {"groups": {"group": [1.0]}, "rules": {"group": times}, "resident_before": 0, "peak": 0}
    document = {"hours": 2, "interval": 30, "scanning": 1, "results": [result]}
    names = [line.split("`")[1] for line in rules.markdown(document) if line.startswith("| `")]
    assert names == ["rule-8", "rule-7", "rule-6", "rule-5", "rule-4"]


def test_past_samples_have_the_form_of_remote_write():
    series = [(remotewrite.labels({"__name__": "up", "job": "", "instance": "a"}), [(0, 1.0), (1, 2.0)])]
    (body,) = remotewrite.messages(series, [1_800_000_000_000, 1_800_000_015_000], lambda: None)
    labels = b"\n\x0e\n\x08__name__\x12\x02up\n\r\n\x08instance\x12\x01a"
    first = b"\x12\x10\x09" + struct.pack("<d", 1) + b"\x10" + remotewrite.varint(1_800_000_000_000)
    second = b"\x12\x10\x09" + struct.pack("<d", 2) + b"\x10" + remotewrite.varint(1_800_000_015_000)
    message = remotewrite.field(1, labels + first + second)
    assert body == bytes([len(message), 61 << 2]) + struct.pack("<H", len(message) - 1) + message
