"""A start: from the start of the process until /-/ready answers 200."""

import shutil
import statistics
import tempfile
import time
from pathlib import Path

import measure
import report
import serving

# Of each source, so that its evidence is not only one request.
REQUESTS = 3


def start(directory, sources):
    """Seconds until ready, and until /metrics has all sources; CPU until then; resident memory."""
    exporter = serving.Exporter(directory, "--source.limit", str(max(sources, 10_000)))
    with serving.running(exporter):
        ready = exporter.wait(exporter.is_ready, pause=0.001) - exporter.begin
        cpu = exporter.cpu()
        counted = exporter.value('kube_audit_tracked_sources{origin="verified"}')
        if counted != sources:
            raise measure.Failure(f"{counted:.0f} of {sources} sources after the start")
        return {
            "ready": ready,
            "cpu": cpu,
            "scraped": time.monotonic() - exporter.begin,
            "resident": exporter.resident(),
        }


def measure_sources(sources, rounds):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        if sources:
            measure.progress(f"start: the state of {sources:,} sources is made")
            lines = serving.write_sources(directory / "audit.log", sources, REQUESTS)
            with serving.running(serving.Exporter(directory, "--source.limit", str(max(sources, 10_000)))) as exporter:
                exporter.wait(lambda: exporter.has_read(lines), pause=1)
        found = []
        for number in range(rounds + 1):
            measure.progress(f"start: {sources:,} sources, round {number} of {rounds}")
            if not sources:
                shutil.rmtree(directory / "state", ignore_errors=True)
            found.append(start(directory, sources))
        state = sum(path.stat().st_size for path in (directory / "state").iterdir())
    # The first round warms up.
    return {"sources": sources, "state_bytes": state, "rounds": found[1:]}


def run(options):
    results = [measure_sources(sources, options.rounds) for sources in (0, *options.start_sources)]
    measure.progress()
    return {"title": "A start", "rounds": options.rounds, "results": results}


def markdown(document):
    lines = report.head("sources>|state, MB>|ready after, ms>|CPU, ms>|scraped after, ms>|MiB>")
    for result in document["results"]:

        def median(key):
            return statistics.median(figures[key] for figures in result["rounds"])

        ready = [figures["ready"] * 1000 for figures in result["rounds"]]
        lines.append(
            f"| {result['sources']:,} | {result['state_bytes'] / 1e6:.1f} | {statistics.median(ready):.0f} "
            f"({min(ready):.0f} to {max(ready):.0f}) | {median('cpu') * 1000:.0f} | {median('scraped') * 1000:.0f} "
            f"| {median('resident') / (1 << 20):.0f} |"
        )
    lines += report.paragraph(f"""
        Medians of {document["rounds"]} starts on the same state, after one that does not count; the fastest and the
        slowest in parentheses. Without sources the state is empty. Each source has {REQUESTS} requests and their
        evidence. Ready means that /-/ready answered 200, asked every millisecond; scraped, that /metrics then
        listed all sources.""")
    return lines
