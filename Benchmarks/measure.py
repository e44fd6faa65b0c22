"""Runs programs, and measures them: time, CPU, memory; and says on which machine."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclass(frozen=True)
class Run:
    """A whole process: seconds, peak memory in bytes (with mapped pages of files), exit status, standard output."""

    wall: float
    user: float
    system: float
    peak: int
    status: int
    output: str

    @property
    def cpu(self):
        return self.user + self.system

    def figures(self):
        return {key: value for key, value in asdict(self).items() if key != "output"}


class Failure(Exception):
    pass


def exporter():
    path = Path(os.environ.get("BENCH_EXPORTER") or ROOT / ".build/release/kube-audit-exporter")
    if not path.exists():
        raise SystemExit(f"{path} does not exist; run make build, or set BENCH_EXPORTER")
    return str(path)


def built(cache, name, source, *flags):
    """A program of this directory, compiled into the cache if its source or its flags are newer."""
    target = cache / "tools" / name
    compiler = "gcc" if source.endswith(".c") else "g++"
    command = [compiler, *flags, "-Wall", "-Wextra", "-o", str(target), str(HERE / source)]
    libraries = [flag for flag in flags if flag.startswith("-l")]
    command = [part for part in command if part not in libraries] + libraries
    note = target.with_suffix(".command")
    is_current = target.exists() and target.stat().st_mtime > (HERE / source).stat().st_mtime
    if not is_current or not note.exists() or note.read_text() != " ".join(command):
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(command, check=True)
        note.write_text(" ".join(command))
    return str(target)


def run(cache, command, statuses=(0,), to_nowhere=False, timeout=3600):
    """Runs a command to its end. With to_nowhere its output is discarded by the kernel instead of read."""
    timed = built(cache, "timed", "timed.c", "-O2")
    with tempfile.NamedTemporaryFile(mode="r", suffix=".json") as result, tempfile.TemporaryFile("w+") as errors:
        done = subprocess.run(
            [timed, result.name, *map(str, command)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if to_nowhere else subprocess.PIPE,
            stderr=errors,
            timeout=timeout,
        )
        errors.seek(0)
        if done.returncode != 0:
            raise Failure(f"{command[0]} was not measured: {errors.read()[-500:]}")
        figures = json.load(result)
        if figures["status"] not in statuses:
            raise Failure(f"{' '.join(map(str, command))} ended with {figures['status']}: {errors.read()[-500:]}")
    return Run(output="" if to_nowhere else done.stdout.decode(errors="replace"), **figures)


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except OSError:
        return "not installed"
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def debian_version(package):
    return first_line("dpkg-query", "-W", "-f", "${Version}", package)


def machine():
    """Where and when, for the head of a result."""
    processor = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    revision = first_line("git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD")
    is_changed = bool(first_line("git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"))
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "cpu": processor[1] if processor else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(int(memory[1]) / (1 << 20)),
        "kernel": platform.release(),
        "system": first_line("sed", "-n", 's/^PRETTY_NAME="\\(.*\\)"/\\1/p', "/etc/os-release"),
        "load": round(os.getloadavg()[0], 2),
        "revision": revision + (" with changes" if is_changed else ""),
        "exporter": first_line(exporter(), "--version"),
    }


def progress(text=""):
    """Shows on a terminal what is being done; an empty text removes it."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()


def read_into_cache(path):
    """Reads a file once, so that it is in the page cache."""
    with open(path, "rb", buffering=0) as file:
        while file.read(1 << 22):
            pass
