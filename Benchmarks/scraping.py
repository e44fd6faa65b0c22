"""A scrape: the exporter compared with a program that exposes the same series with client_golang."""

import http.client
import itertools
import os
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import measure
import report
import serving


def go_program(cache):
    """Built with Debian's packages only."""
    target = cache / "tools/clientgolang"
    source = measure.HERE / "clientgolang/main.go"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        target.parent.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "GO111MODULE": "off",
            "GOPATH": "/usr/share/gocode",
            "GOCACHE": str(cache / "go-cache"),
            "GOFLAGS": "",
        }
        subprocess.run(["go", "build", "-o", target, source], env=environment, check=True)
    return str(target)


def measure_scrapes(server, change, scrapes):
    """First, unchanged and changed scrapes: seconds of wall time and of the server's CPU."""

    def one():
        cpu = server.cpu()
        wall, body = server.scrape()
        return {"wall": wall, "cpu": server.cpu() - cpu, "bytes": len(body)}

    time.sleep(1)
    figures = {"resident_before": server.resident(), "peak_before": server.peak()}
    # Reading the log, before the first scrape, takes more memory for a moment.
    server.forget_peak()
    figures["first"] = [one()]
    figures["unchanged"] = [one() for _ in range(scrapes)]
    figures["changed"], figures["change"] = [], []
    for number in range(scrapes):
        cpu = server.cpu()
        change(number)
        # The exporter commits at most every quarter of a second, which is not part of the scrape.
        time.sleep(0.7)
        figures["change"].append({"cpu": server.cpu() - cpu})
        figures["changed"].append(one())
    return {
        **figures,
        "resident": server.resident(),
        "peak": server.peak(),
        "plain_bytes": len(serving.plain(server.scrape()[1])),
    }


def measure_sources(program, sources, scrapes):
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = serving.write_sources(directory / "audit.log", sources)
        flags = ["--source.limit", str(max(sources, 10_000)), "--source.network-limit", "5000"]
        with serving.running(serving.Exporter(directory, *flags)) as exporter:
            measure.progress(f"scrape: {sources:,} sources, exporter reads its log")
            # Not by asking for /metrics, so that the first scrape is the first one.
            exporter.wait(exporter.is_ready)
            exporter.wait_until_idle()

            def append(number):
                with open(exporter.log, "a") as log:
                    log.write(serving.refused(lines + number, serving.source(number)))

            measure.progress(f"scrape: {sources:,} sources, exporter")
            ours = measure_scrapes(exporter, append, scrapes)
            text = exporter.get()[1]
            total = exporter.value(serving.FORBIDDEN, text.decode())
            if total != lines + scrapes:
                raise measure.Failure(f"the exporter counts {total:.0f} requests of {lines + scrapes}")
        copy = directory / "metrics.txt"
        copy.write_bytes(text)
        port = serving.free_port()
        with serving.running(serving.Server([program, f"127.0.0.1:{port}", copy], port)) as server:
            measure.progress(f"scrape: {sources:,} sources, client_golang")
            server.wait(lambda: server.get("/change")[0] == 200)
            theirs = measure_scrapes(server, lambda number: server.get("/change"), scrapes)
    measure.progress()
    series = sum(1 for line in text.splitlines() if line and not line.startswith(b"#"))
    return {"sources": sources, "series": series, "exporter": ours, "client_golang": theirs}


CLIENTS = 4
BATCHES = 100


@contextmanager
def slow_clients(port):
    """Clients that scrape again and again, and read the answers slowly. Yields the list of their whole answers."""
    answers, is_over = [], threading.Event()

    def read():
        while not is_over.is_set():
            with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
                fields = "Host: x\r\nAccept-Encoding: gzip\r\nConnection: close"
                client.sendall(f"GET /metrics HTTP/1.1\r\n{fields}\r\n\r\n".encode())
                size = 0
                while piece := client.recv(32 << 10):
                    size += len(piece)
                    time.sleep(0.005)
                answers.append(size)

    threads = [threading.Thread(target=read) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def durable_latencies(port, numbers):
    """Seconds until the webhook says that a batch of one event is counted, on disk and published."""
    latencies = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for number in itertools.islice(numbers, BATCHES):
        items = serving.refused(number, serving.source(number % 1000)).strip()
        body = f'{{"kind":"EventList","apiVersion":"audit.k8s.io/v1","items":[{items}]}}'
        begin = time.monotonic()
        connection.request("POST", "/audit", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        latencies.append(time.monotonic() - begin)
        if response.status != 200:
            raise measure.Failure(f"the webhook answered {response.status}")
        time.sleep(0.03)
    connection.close()
    return latencies


def measure_counting(sources):
    """Whether scrapes hold up counting: the latency of the webhook without them, and with slow clients."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = serving.write_sources(directory / "audit.log", sources)
        port = serving.free_port()
        flags = ["--source.limit", str(max(sources, 10_000)), "--webhook.listen-address", f"127.0.0.1:{port}"]
        with serving.running(serving.Exporter(directory, *flags)) as exporter:
            measure.progress(f"scrape: {sources:,} sources, counting while slow clients scrape")
            exporter.wait(exporter.is_ready)
            exporter.wait_until_idle()
            numbers = itertools.count(lines)
            exporter.scrape()
            alone = durable_latencies(port, numbers)
            with slow_clients(exporter.port) as answers:
                scraped = durable_latencies(port, numbers)
    return {"sources": sources, "alone": alone, "scraped": scraped, "scrapes": len(answers)}


def run(options):
    program = go_program(options.cache)
    results = [measure_sources(program, sources, options.scrapes) for sources in options.sources]
    counting = measure_counting(max(options.sources))
    measure.progress()
    package = measure.debian_version("golang-github-prometheus-client-golang-dev")
    versions = {"client_golang": package, "Go": measure.first_line("go", "version")}
    return {
        "title": "A scrape",
        "scrapes": options.scrapes,
        "versions": versions,
        "results": results,
        "counting": counting,
    }


def median(figures, kind, key):
    return statistics.median(each[key] for each in figures[kind])


def markdown(document):
    lines = report.head(
        "sources>|program|first: ms, CPU ms>|unchanged: ms, CPU ms>|one changed: ms, CPU ms>|a change: CPU ms>"
        "|KB with gzip>|MiB before, after>|at most: before, meanwhile>"
    )
    for result in document["results"]:
        for name in ("exporter", "client_golang"):
            figures = result[name]
            times = [
                f"{median(figures, kind, 'wall') * 1000:.1f}, {median(figures, kind, 'cpu') * 1000:.1f}"
                for kind in ("first", "unchanged", "changed")
            ]
            lines.append(
                f"| {result['sources']:,} | {name} | {' | '.join(times)} "
                f"| {median(figures, 'change', 'cpu') * 1000:.1f} | {figures['first'][0]['bytes'] / 1000:.0f} "
                f"| {figures['resident_before'] / (1 << 20):.0f}, {figures['resident'] / (1 << 20):.0f} "
                f"| {figures['peak_before'] / (1 << 20):.0f}, {figures['peak'] / (1 << 20):.0f} |"
            )
    lines += report.paragraph(f"""
        Medians of {document["scrapes"]} scrapes with gzip, and one first scrape. Before it, the exporter has read its
        log, which takes more memory for a moment. After a change 0.7 seconds pass, which are not part of the scrape. A
        change is one request, read and committed, and 0.7 seconds of rest. CPU is that of the program, not of the
        scraper. client_golang exposes the exporter's own response: the same series, labels and HELP texts.""")
    return lines + counting_paragraph(document["counting"])


def counting_paragraph(counting):
    def latency(kind):
        latencies = sorted(counting[kind])
        return f"{statistics.median(latencies) * 1000:.1f} ms, at worst {latencies[-1] * 1000:.1f}"

    return report.paragraph(f"""
        **A scrape does not hold up counting.** With {counting["sources"]:,} sources, an event is counted, on disk and
        published after {latency("alone")} ms; after {latency("scraped")} ms while {CLIENTS} clients scrape in a loop
        and read slowly ({counting["scrapes"]} scrapes, during {BATCHES} batches of one event).""")
