#!/usr/bin/env python3
"""Measures a scrape with many sources: EXPORTER=.build/release/kube-audit-exporter Benchmarks/scrape.py [SOURCES ...]

Starts the exporter on a log with one request from each source, then appends one line before each scrape, so that a
counter changed. Prints a line per number of sources: duration of a scrape (median and worst of 20, in milliseconds), CPU
milliseconds of the exporter per scrape and per commit, size of the response in bytes, and peak memory.
With ENCODING=gzip responses are compressed, as Prometheus asks for.
"""
import gzip, http.client, json, os, socket, statistics, subprocess, sys, tempfile, time

EXPORTER = os.environ.get("EXPORTER", ".build/release/kube-audit-exporter")
ENCODING = os.environ.get("ENCODING", "identity")
SCRAPES = 20


def event(number: int, address: str) -> str:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{number % 1000000:06d}Z"
    return json.dumps({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
        "auditID": f"{os.getpid():08x}-0000-4000-8000-{number:012x}", "stage": "ResponseComplete",
        "requestURI": f"/api/v1/pods?n={number}", "verb": "list",
        "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]}, "sourceIPs": [address],
        "userAgent": "curl/8", "responseStatus": {"metadata": {}, "code": 403},
        "requestReceivedTimestamp": moment, "stageTimestamp": moment}) + "\n"


def address(number: int) -> str:
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def cpu_seconds(process: int) -> float:
    fields = open(f"/proc/{process}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mib(process: int) -> int:
    return next(int(line.split()[1]) >> 10 for line in open(f"/proc/{process}/status") if line.startswith("VmHWM"))


def get(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Accept-Encoding": ENCODING})
    return connection.getresponse().read()


def value(text: bytes, name: str) -> float:
    text = gzip.decompress(text) if ENCODING == "gzip" else text
    return sum(float(line.rsplit(b" ", 1)[1]) for line in text.splitlines() if line.startswith(name.encode()))


def measure(sources: int) -> None:
    with tempfile.TemporaryDirectory() as directory, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        log = f"{directory}/audit.log"
        with open(log, "w") as lines:
            for number in range(sources):
                lines.write(event(number, address(number)))
        exporter = subprocess.Popen([
            EXPORTER, "--audit.log", log, "--storage.path", f"{directory}/state", "--web.listen-address",
            f"127.0.0.1:{port}", "--source.limit", str(sources), "--log.level", "error"] + sys_flags())
        try:
            deadline = time.monotonic() + 300
            while True:
                try:
                    if value(get(port, "/metrics"), 'kube_audit_tracked_sources{origin="verified"}') == sources:
                        break
                except OSError:
                    pass
                assert exporter.poll() is None and time.monotonic() < deadline, "the exporter does not get on"
                time.sleep(0.1)
            time.sleep(1)
            times, sizes = [], 0
            commit = scrape = 0.0
            with open(log, "a") as lines:
                for number in range(SCRAPES):
                    before = cpu_seconds(exporter.pid)
                    lines.write(event(sources + number, address(number)))
                    lines.flush()
                    time.sleep(0.7)
                    committed = cpu_seconds(exporter.pid)
                    begin = time.monotonic()
                    text = get(port, "/metrics")
                    times.append(time.monotonic() - begin)
                    scrape += cpu_seconds(exporter.pid) - committed
                    commit += committed - before
                    sizes = len(text)
            total = value(text, "kube_audit_unauthenticated_forbidden_requests_total")
            assert total == sources + SCRAPES, f"{total} requests counted of {sources + SCRAPES}"
            print(
                f"sources={sources} median_ms={statistics.median(times) * 1000:.0f} worst_ms={max(times) * 1000:.0f} "
                f"scrape_cpu_ms={scrape / SCRAPES * 1000:.1f} commit_cpu_ms={commit / SCRAPES * 1000:.1f} "
                f"bytes={sizes} peak_mib={peak_mib(exporter.pid)}", flush=True)
        finally:
            exporter.terminate()
            exporter.wait()


def sys_flags() -> list[str]:
    return os.environ.get("FLAGS", "").split()


if __name__ == "__main__":
    for count in [int(text) for text in sys.argv[1:]] or [10_000, 100_000]:
        measure(count)
