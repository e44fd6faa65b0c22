"""Where scan spends its time: perf's samples by function, for numbers that need an explanation."""

import shutil
import subprocess
import sys
import tempfile

SHOWN = 8
# Characters of a function's name; those of templates and closures have no end.
LONGEST = 80


def shortened(name):
    return name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip() + "…"


def place(program):
    return "kernel" if program.startswith("[kernel") else program


def demangled(names):
    """Swift's names as people write them, if the toolchain is there."""
    if not names or not shutil.which("swift"):
        return names
    done = subprocess.run(
        ["swift", "demangle", "--simplified"], input="\n".join(names), capture_output=True, text=True, timeout=60
    )
    lines = done.stdout.splitlines()
    return lines if len(lines) == len(names) else names


def of(command, statuses):
    """The functions with the largest shares: (percent, program or library, function). Empty without perf."""
    if not shutil.which("perf"):
        print("perf is not installed (Debian: linux-perf); no profile is taken", file=sys.stderr)
        return []
    with tempfile.NamedTemporaryFile(suffix=".perf") as samples:
        record = ["perf", "record", "-q", "-F", "4000", "-o", samples.name, *map(str, command)]
        done = subprocess.run(record, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=600)
        if done.returncode not in statuses:
            print(f"perf took no profile: {done.stderr.strip()[-300:]}", file=sys.stderr)
            return []
        report = ["perf", "report", "--stdio", "-i", samples.name, "-F", "overhead,dso,symbol", "-t", ";"]
        text = subprocess.run(report, capture_output=True, text=True, timeout=600).stdout
    rows = [line.strip().split(";", 2) for line in text.splitlines() if ";" in line and not line.startswith("#")][
        :SHOWN
    ]
    names = demangled([row[2].split("] ", 1)[-1].strip() for row in rows])
    return [
        (float(row[0].strip().rstrip("%")), place(row[1].strip()), shortened(name))
        for row, name in zip(rows, names, strict=True)
    ]
