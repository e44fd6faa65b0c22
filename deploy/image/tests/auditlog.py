"""An audit log as an API server writes and rotates it, and what a recorded one must be counted as."""

import gzip
import json
import os
import time
from pathlib import Path

from conftest import ROOT
from containers import run

# 1,356 events of a real API server, see Tests/Fixtures/README.md.
RECORDED = ROOT / "Tests/Fixtures/audit-logs/metadata.log"


def expected_counts(outcome="forbidden"):
    """The counts of the recorded log by source and origin, by a program that shares nothing with the exporter."""
    table = json.loads(run("python3", "-B", ROOT / "Tests/Parity/analytic.py", RECORDED))
    counts = {(row["src_ip"], row["origin"]): row["outcomes"][outcome] for row in table}
    return {source: count for source, count in counts.items() if count}


class AuditLog:
    """A log that belongs to a user and a group; each one after a rotation gets the owner and the mode of the last."""

    def __init__(self, directory, owner=(0, 0), mode=0o600, name="audit.log"):
        self.directory, self.owner, self.mode = directory, owner, mode
        self.path = directory / name
        self.file = None
        self.open()

    def open(self):
        descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, self.mode)
        os.fchmod(descriptor, self.mode)
        os.fchown(descriptor, *self.owner)
        self.file = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, lines):
        for line in lines:
            self.file.write(line)

    def rotate(self, compress=False):
        """Renames the log and begins a new one, as the API server does it; compresses the old one as with
        --audit-log-compress."""
        self.file.close()
        time.sleep(0.002)
        now = time.time()
        name = (
            time.strftime(f"{self.path.stem}-%Y-%m-%dT%H-%M-%S", time.gmtime(now)) + f".{int(now % 1 * 1000):03d}.log"
        )
        rotated = self.directory / name
        # Two rotations within a millisecond would have one name.
        assert not rotated.exists() and not Path(f"{rotated}.gz").exists()
        self.path.rename(rotated)
        self.open()
        if compress:
            compressed = self.directory / f"{name}.gz"
            with open(os.open(compressed, os.O_CREAT | os.O_WRONLY, self.mode), "wb") as file:
                os.fchown(file.fileno(), *self.owner)
                file.write(gzip.compress(rotated.read_bytes()))
            rotated.unlink()
