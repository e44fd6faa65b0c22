"""Following a log: CPU while events are appended, the time until they are visible, wake-ups, and the disk."""

import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import corpora
import measure
import report
import serving

# How often lines are appended, in seconds. An API server writes each event at once; the kernel hands them on together.
STEP = 0.01
MARKER = "192.0.2.1"


class Feeder:
    """Appends the lines of a corpus to a log at a rate, from memory."""

    def __init__(self, path):
        self.bytes = path.read_bytes()
        self.ends = [match.end() for match in re.finditer(b"\n", self.bytes)]
        self.sent = 0

    def seconds(self, rate, duration):
        """The corpus may be too short for the duration; lines are never repeated."""
        return min(duration, (len(self.ends) - self.sent) / rate)

    def feed(self, log, rate, duration, between=lambda: None):
        """Returns the seconds that it took and the number of lines."""
        begin, first = time.monotonic(), self.sent
        due = first
        while True:
            elapsed = time.monotonic() - begin
            due = first + int(min(elapsed, duration) * rate)
            due = min(due, len(self.ends))
            if due > self.sent:
                start = self.ends[self.sent - 1] if self.sent else 0
                log.write(self.bytes[start : self.ends[due - 1]])
                self.sent = due
            if elapsed >= duration or self.sent == len(self.ends):
                return time.monotonic() - begin, self.sent - first
            between()
            time.sleep(max(0, STEP - (time.monotonic() - begin) % STEP))


class Flushes:
    """Counts calls of fsync and fdatasync with strace, which slows the exporter down: used in a run of its own."""

    def __init__(self, server):
        self.report = tempfile.NamedTemporaryFile("r")
        self.tracer = subprocess.Popen(
            [
                "strace",
                "-q",
                "-f",
                "-c",
                "-e",
                "trace=fsync,fdatasync,sync_file_range",
                "-o",
                self.report.name,
                "-p",
                str(server.process.pid),
            ],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(0.5)

    def count(self):
        self.tracer.send_signal(signal.SIGINT)
        self.tracer.wait(30)
        rows = [line.split() for line in self.report.read().splitlines()]
        return sum(
            int(row[3]) for row in rows if len(row) >= 5 and row[-1] in ("fsync", "fdatasync", "sync_file_range")
        )


def load(server, duration, action):
    """What the server used meanwhile, per second."""
    before, wakeups = (server.cpu(), server.written()), serving.WakeUps(server)
    begin = time.monotonic()
    action()
    seconds = time.monotonic() - begin
    after, threads = (server.cpu(), server.written()), wakeups.stop()
    rates = {name: (end - start) / seconds for name, start, end in zip(("cpu", "written"), before, after)}
    threads = {name: count / seconds for name, count in threads.items()}
    return {"seconds": seconds, **rates, "wakeups": sum(threads.values()), "threads": threads}


def caught_up(exporter, lines):
    exporter.wait(lambda: exporter.has_read(lines))


def measure_rate(path, rate, duration):
    """CPU, wake-ups and bytes to the disk at a rate, and flushes in a second part; nobody scrapes meanwhile."""
    feeder = Feeder(path)
    with tempfile.TemporaryDirectory() as name, serving.running(serving.Exporter(Path(name))) as exporter:
        exporter.wait(exporter.is_ready)
        with open(exporter.log, "ab", buffering=0) as log:
            # Its share of the lines, so that the part with strace has some too.
            seconds = feeder.seconds(rate, duration * 2) / 2
            sent = []
            figures = load(exporter, seconds, lambda: sent.append(feeder.feed(log, rate, seconds)))
            took, lines = sent[0]
            begin = time.monotonic()
            caught_up(exporter, feeder.sent)
            figures |= {"rate": rate, "reached": lines / took, "behind": time.monotonic() - begin}
            if shutil.which("strace"):
                flushes, begin = Flushes(exporter), time.monotonic()
                feeder.feed(log, rate, seconds)
                figures["flushes"] = flushes.count() / (time.monotonic() - begin)
            caught_up(exporter, feeder.sent)
            figures["peak"] = exporter.peak()
    return figures


def measure_latency(path, rate, duration):
    """From the append of a marked request to the end of the first scrape that shows it: seconds of each."""
    feeder = Feeder(path)
    with tempfile.TemporaryDirectory() as name, serving.running(serving.Exporter(Path(name))) as exporter:
        exporter.wait(exporter.is_ready)
        appended, seen, latencies = [], 0, []
        marker = f'{serving.FORBIDDEN}{{src_ip="{MARKER}"'
        with open(exporter.log, "ab", buffering=0) as log:

            def mark_and_look():
                nonlocal seen
                if not appended or time.monotonic() - appended[-1] >= 0.1:
                    log.write(serving.refused(10_000_000 + len(appended), MARKER).encode())
                    appended.append(time.monotonic())
                if len(latencies) < len(appended):
                    count = int(exporter.value(marker))
                    now = time.monotonic()
                    latencies.extend(now - appended[number] for number in range(seen, count))
                    seen = count

            feeder.feed(log, rate, feeder.seconds(rate, duration), mark_and_look)
            deadline = time.monotonic() + 30
            while len(latencies) < len(appended) and time.monotonic() < deadline:
                mark_and_look()
        if len(latencies) < len(appended):
            raise measure.Failure(f"{len(appended) - len(latencies)} requests were not visible after 30 seconds")
    return {"rate": rate, "latencies": sorted(latencies)}


def measure_rest(sources, duration):
    """With sources in memory and nothing to do: nobody writes, nobody scrapes."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        lines = serving.write_sources(directory / "audit.log", sources)
        with serving.running(serving.Exporter(directory, "--source.limit", str(max(sources, 10_000)))) as exporter:
            caught_up(exporter, lines)
            exporter.wait_until_idle()
            # Checkpoints of the database and other work after the last commit.
            time.sleep(min(5, duration))
            figures = load(exporter, duration, lambda: time.sleep(duration))
            if shutil.which("strace"):
                flushes = Flushes(exporter)
                time.sleep(duration)
                figures["flushes"] = flushes.count() / duration
    return {"sources": sources, **figures}


def run(options):
    # At 100,000 events a second, a log of 540 MB would be used up in seconds.
    ((_, (path,), _),) = corpora.make(options.cache, options.size * 4, ["busy"])
    rates, latencies = [], []
    for rate in options.rates:
        measure.progress(f"follow: {rate:,} events a second, {options.duration} s")
        rates.append(measure_rate(path, rate, options.duration))
    for rate in options.rates:
        measure.progress(f"follow: latency at {rate:,} events a second, {options.duration} s")
        latencies.append(measure_latency(path, rate, options.duration))
    rest = []
    for sources in (0, options.idle_sources):
        measure.progress(f"follow: at rest with {sources:,} sources, {options.duration} s")
        rest.append(measure_rest(sources, options.duration))
    measure.progress()
    return {
        "title": "Following a log, and the disk",
        "duration": options.duration,
        "rates": rates,
        "latencies": latencies,
        "rest": rest,
    }


def quantile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def flushes(figures):
    return f"{figures['flushes']:.2f}" if "flushes" in figures else "no strace"


def markdown(document):
    columns = "|% of a core>|wake-ups/s>|KiB written/s>|flushes/s>|visible after, ms: p50, p99>|peak, MiB>"
    lines = report.head(columns)
    for figures in document["rest"]:
        lines.append(
            f"| at rest, {figures['sources']:,} sources | {figures['cpu'] * 100:.3f} | {figures['wakeups']:.1f} "
            f"| {figures['written'] / 1024:.2f} | {flushes(figures)} | | |"
        )
    for figures, latency in zip(document["rates"], document["latencies"]):
        times = latency["latencies"]
        reached = "" if figures["reached"] > 0.98 * figures["rate"] else f" ({figures['reached']:,.0f} reached)"
        lines.append(
            f"| {figures['rate']:,} events/s{reached} | {figures['cpu'] * 100:.1f} | {figures['wakeups']:.0f} "
            f"| {figures['written'] / 1024:.0f} | {flushes(figures)} "
            f"| {quantile(times, 0.5) * 1000:.0f}, {quantile(times, 0.99) * 1000:.0f} ({len(times)}) "
            f"| {figures['peak'] / (1 << 20):.0f} |"
        )
    shortest = min(figures["seconds"] for figures in document["rates"])
    lines += report.paragraph(f"""
        One event in a hundred is a refused request. {document["duration"]:g} seconds each, or until the log is used
        up (the shortest took {shortest:.1f} s). Nobody scrapes, except for the latency, which is a part of its own:
        a marked request ten times a second, from its append to the end of the first scrape that shows it, so what
        is shown is on disk. Wake-ups are voluntary context switches of all threads. Flushes are counted by strace,
        also in a part of their own.""")
    for figures in document["rest"]:
        threads = ", ".join(f"{name} {count:.2f}" for name, count in figures.get("threads", {}).items())
        lines += report.paragraph(f"""
            Wake-ups a second by the name of the threads, at rest with {figures["sources"]:,} sources: {threads}.""")
    return lines
