"""A running exporter, or a program like it, on a log and a state of its own; and what the kernel knows of it."""

import gzip
import http.client
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import measure

FORBIDDEN = "kube_audit_unauthenticated_forbidden_requests_total"
LIMIT = 300


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that answers HTTP on a loopback port."""

    def __init__(self, command, port, output=None):
        self.port = port
        self.begin = time.monotonic()
        self.process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.DEVNULL,
            stderr=output or subprocess.DEVNULL,
        )

    # What it answers.

    def get(self, path="/metrics", headers=None):
        """Status and body; the duration includes reading the body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def scrape(self):
        """As Prometheus does it: OpenMetrics is preferred, gzip accepted. Returns seconds and bytes on the wire."""
        accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
        begin = time.monotonic()
        status, body = self.get("/metrics", {"Accept": accept, "Accept-Encoding": "gzip"})
        if status != 200:
            raise measure.Failure(f"/metrics answered {status}")
        return time.monotonic() - begin, body

    def wait(self, condition, pause=0.05):
        deadline = time.monotonic() + LIMIT
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise measure.Failure(f"{self.process.args[0]} ended with {self.process.returncode}")
            try:
                if condition():
                    return time.monotonic()
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(pause)
        raise measure.Failure(f"{self.process.args[0]} did not get on within {LIMIT} seconds")

    def value(self, name, text=None):
        """The sum over the samples whose line begins with the name."""
        text = self.get()[1].decode() if text is None else text
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(name))

    def wait_until_idle(self):
        """Waits until it used less than 5 ms of CPU within a second, twice in a row."""
        deadline, quiet = time.monotonic() + LIMIT, 0
        while quiet < 2:
            if time.monotonic() > deadline:
                raise measure.Failure(f"{self.process.args[0]} was not idle within {LIMIT} seconds")
            before = self.cpu()
            time.sleep(1)
            quiet = quiet + 1 if self.cpu() - before < 0.005 else 0

    # What the kernel knows.

    def cpu(self):
        """Seconds of CPU, user and system, of all threads: the process's own clock, to the nanosecond."""
        return time.clock_gettime(~self.process.pid << 3 | 2)

    def status(self, name):
        return int(re.search(rf"^{name}:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text(), re.M)[1])

    def resident(self):
        return self.status("VmRSS") * 1024

    def peak(self):
        """The most resident memory so far, or since `forget_peak`."""
        return self.status("VmHWM") * 1024

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def switches(self):
        """How often each thread gave up the CPU to wait, as often it was woken: by its id and its name."""
        counts = {}
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                status = (task / "status").read_text()
            except OSError:
                continue
            name = re.search(r"^Name:\s+(.*)$", status, re.M)[1]
            counts[task.name, name] = int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", status, re.M)[1])
        return counts

    def written(self):
        """Bytes that the process gave to the disk."""
        return int(re.search(r"^write_bytes: (\d+)", Path(f"/proc/{self.process.pid}/io").read_text(), re.M)[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class WakeUps:
    """Counts the wake-ups of a server's threads. It looks twice a second, since threads come and go."""

    def __init__(self, server):
        self.server, self.ended = server, threading.Event()
        self.first, self.last = server.switches(), {}
        self.looks = threading.Thread(target=self.look, daemon=True)
        self.looks.start()

    def look(self):
        while not self.ended.wait(0.5):
            self.last |= self.server.switches()

    def stop(self):
        """The number by the threads' name."""
        self.ended.set()
        self.looks.join()
        self.last |= self.server.switches()
        counts = {}
        for thread, count in self.last.items():
            counts[thread[1]] = counts.get(thread[1], 0) + count - self.first.get(thread, 0)
        return {name: count for name, count in sorted(counts.items(), key=lambda item: -item[1]) if count}


class Exporter(Server):
    def __init__(self, directory, *flags, log=True):
        port = free_port()
        self.log, self.state = directory / "audit.log", directory / "state"
        inputs = ["--audit.log", self.log, "--audit.from", "beginning"] if log else []
        if log:
            self.log.touch()
        self.errors = open(directory / "exporter.log", "ab")
        super().__init__(
            [
                measure.exporter(),
                *inputs,
                "--storage.path",
                self.state,
                "--web.listen-address",
                f"127.0.0.1:{port}",
                "--log.level",
                "warn",
                *flags,
            ],
            port,
            self.errors,
        )

    def is_ready(self):
        return self.get("/-/ready")[0] == 200

    def has_read(self, lines):
        return self.value('kube_audit_lines_total{input="file"}') >= lines

    def stop(self):
        super().stop()
        self.errors.close()


@contextmanager
def running(server):
    try:
        yield server
    finally:
        server.stop()


def source(number):
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


MOMENT = "2026-11-23T%02d:%02d:%02d.%06dZ"


def refused(number, address):
    """The line of a refused request; each number gives another one."""
    second, microsecond = divmod(number * 1000, 1_000_000)
    moment = MOMENT % (second // 3600 % 24, second // 60 % 60, second % 60, microsecond)
    return (
        '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"%08x-0000-4000-8000-%012x",'
        '"stage":"ResponseComplete","requestURI":"/api/v1/namespaces/default/pods?limit=%d","verb":"list",'
        '"user":{"username":"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["%s"],'
        '"userAgent":"curl/8.5.%d","objectRef":{"resource":"pods","namespace":"default","apiVersion":"v1"},'
        '"responseStatus":{"metadata":{},"status":"Failure","reason":"Forbidden","code":403},'
        '"requestReceivedTimestamp":"%s","stageTimestamp":"%s",'
        '"annotations":{"authorization.k8s.io/decision":"forbid","authorization.k8s.io/reason":""}}\n'
    ) % (os.getpid(), number, number % 50, address, number % 20, moment, moment)


def write_sources(path, sources, requests=1):
    """A log in which each of the sources made so many requests."""
    with open(path, "a") as log:
        for request in range(requests):
            log.writelines(refused(request * sources + number, source(number)) for number in range(sources))
    return sources * requests


def plain(body):
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body
