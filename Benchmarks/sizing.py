#!/usr/bin/env python3
"""Measures what docs/sizing.md says: EXPORTER=.build/release/kube-audit-exporter Benchmarks/sizing.py [sources|rates|rest]

sources  Memory, state and response by number of sources. `quiet` sources made one request each. `scanning` sources made
         20 requests each, with 20 paths, so that the exporter keeps everything about them that it can. In the last row a
         tenth as many claimed addresses is added.
rates    CPU time, bytes written and flushes while events are appended to the log: all of them refused requests, and the
         log of a busy cluster, in which one event in a hundred is one.
rest     The same while nothing happens, with 1,000 sources.
DURATION sets the seconds of rates and rest (default 60). Flushes are counted by strace, in a run of its own, since it
slows the exporter down; without strace the column is empty.
"""
import http.client, json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time
from contextlib import contextmanager

EXPORTER = os.environ.get("EXPORTER", ".build/release/kube-audit-exporter")
DURATION = int(os.environ.get("DURATION", "60"))
COUNTER = "kube_audit_unauthenticated_forbidden_requests_total"


def event(number: int, addresses: list[str], path: str, refused: bool = True) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{number % 1000000:06d}Z"
    user = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    if not refused:
        user = {"username": "system:node:node-1", "groups": ["system:nodes", "system:authenticated"]}
    return json.dumps({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
        "auditID": f"{os.getpid():08x}-0000-4000-8000-{number:012x}", "stage": "ResponseComplete", "requestURI": path,
        "verb": "list", "user": user, "sourceIPs": addresses,
        "userAgent": f"Mozilla/5.0 (X11; Linux x86_64) scanner/{number % 20}",
        "objectRef": {"resource": "pods", "namespace": "default", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403 if refused else 200,
                           "message": 'pods is forbidden: User "system:anonymous" cannot list resource "pods"'},
        "requestReceivedTimestamp": moment, "stageTimestamp": moment,
        "annotations": {"authorization.k8s.io/decision": "forbid", "authorization.k8s.io/reason": ""}}) + "\n"


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


class Exporter:
    """A running exporter on a log of its own."""

    def __init__(self, directory: str):
        self.log, self.state = f"{directory}/audit.log", f"{directory}/state"
        open(self.log, "w").close()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen([
            EXPORTER, "--audit.log", self.log, "--storage.path", self.state, "--web.listen-address",
            f"127.0.0.1:{self.port}", "--log.level", "error"])
        self.written = 0
        self.wait(lambda: True)

    def metrics(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()

    def append(self, lines: list[str]) -> None:
        with open(self.log, "a") as log:
            log.write("".join(lines))
        self.written += len(lines)

    def caught_up(self) -> bool:
        return f'kube_audit_lines_total{{input="file"}} {self.written}\n' in self.metrics()

    def wait(self, condition) -> None:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "the exporter ended"
            try:
                if condition():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise AssertionError("the exporter did not get on within five minutes")

    def resident_mib(self) -> float:
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def peak_mib(self) -> float:
        status = open(f"/proc/{self.process.pid}/status").read()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def cpu_seconds(self) -> float:
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def written_bytes(self) -> int:
        return int(re.search(r"^write_bytes: (\d+)", open(f"/proc/{self.process.pid}/io").read(), re.M)[1])

    def state_mib(self) -> float:
        return sum(entry.stat().st_size for entry in os.scandir(self.state)) / 1048576


@contextmanager
def running():
    with tempfile.TemporaryDirectory() as directory:
        exporter = Exporter(directory)
        try:
            yield exporter
        finally:
            exporter.process.terminate()
            exporter.process.wait()


def fill(exporter: Exporter, sources: int, requests: int, claimed: int) -> None:
    number = 0
    for request in range(requests):
        lines = []
        for source in range(sources):
            claim = [f"198.18.{source >> 8}.{source & 255}"] if source < claimed else []
            lines.append(event(number, claim + [address(source)], f"/api/v1/namespaces/n{request}/pods?limit={source}"))
            number += 1
        exporter.append(lines)
    exporter.wait(exporter.caught_up)


def measure_sources(kind: str, sources: int, requests: int, claimed: int = 0) -> None:
    with running() as exporter:
        fill(exporter, sources, requests, claimed)
        time.sleep(5)
        times, before = [], exporter.cpu_seconds()
        for _ in range(20):
            begin = time.monotonic()
            text = exporter.metrics()
            times.append(time.monotonic() - begin)
        cpu = (exporter.cpu_seconds() - before) / 20
        series = sum(1 for line in text.splitlines() if line and not line.startswith("#"))
        time.sleep(60)
        name = f"{sources:,} {kind}" + (f", {claimed:,} claimed" if claimed else "") if sources else "none"
        print(f"| {name} | {exporter.resident_mib():.0f} | {exporter.peak_mib():.0f} | {exporter.state_mib():.1f} | "
              f"{series:,} | {len(text) / 1048576:.2f} | {statistics.median(times) * 1000:.0f} | {cpu * 1000:.0f} |",
              flush=True)


def flushes(exporter: Exporter, action) -> str:
    """Counts flushes a second during the action."""
    if not shutil.which("strace"):
        action()
        return ""
    with tempfile.NamedTemporaryFile("r") as report:
        tracer = subprocess.Popen(["strace", "-q", "-f", "-c", "-e", "trace=fsync,fdatasync", "-o", report.name, "-p",
                                   str(exporter.process.pid)])
        time.sleep(1)
        begin = time.monotonic()
        action()
        duration = time.monotonic() - begin
        tracer.send_signal(signal.SIGINT)
        tracer.wait()
        calls = sum(int(line.split()[3]) for line in report.read().splitlines() if line.rstrip().endswith("sync"))
        return f"{calls / duration:.2f}"


def feed(exporter: Exporter, rate: int, share: int) -> None:
    """Appends `rate` events a second, ten times a second; one of `share` is a refused request, of 100 sources."""
    begin = time.monotonic()
    for step in range(DURATION * 10):
        lines = []
        for _ in range(rate // 10):
            number = exporter.written + len(lines)
            refused = number % share == 0
            lines.append(event(number, [address(number // share % 100)], f"/api/v1/pods?n={number}", refused))
        exporter.append(lines)
        time.sleep(max(0, begin + (step + 1) / 10 - time.monotonic()))


def measure_rate(name: str, action, sources: int = 0) -> None:
    with running() as exporter:
        fill(exporter, sources, 1, 0)
        time.sleep(2)
        cpu, written, begin = exporter.cpu_seconds(), exporter.written_bytes(), time.monotonic()
        action(exporter)
        duration = time.monotonic() - begin
        cpu, written = exporter.cpu_seconds() - cpu, exporter.written_bytes() - written
        count = flushes(exporter, lambda: action(exporter))
        exporter.wait(exporter.caught_up)
        print(f"| {name} | {cpu / duration * 100:.1f} | {written / duration / 1024:.1f} | {count} |", flush=True)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["sources", "rates", "rest"]
    if "sources" in wanted:
        print("| sources | MiB resident | MiB peak | MiB state | series | MiB response | ms scrape | ms CPU scrape |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        measure_sources("quiet", 0, 0)
        for number in (100, 1_000, 10_000):
            measure_sources("quiet", number, 1)
            measure_sources("scanning", number, 20)
        measure_sources("scanning", 10_000, 20, 1_000)
    if "rates" in wanted or "rest" in wanted:
        print("| events | % of a core | KiB/s written | flushes/s |")
        print("| --- | --- | --- | --- |")
    if "rest" in wanted:
        measure_rate("none", lambda exporter: time.sleep(DURATION), sources=1_000)
    if "rates" in wanted:
        for rate in (100, 1_000):
            measure_rate(f"{rate:,}/s, each refused", lambda exporter: feed(exporter, rate, 1))
        for rate in (100, 1_000):
            measure_rate(f"{rate:,}/s, 1 % refused", lambda exporter: feed(exporter, rate, 100))
