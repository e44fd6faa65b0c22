#!/usr/bin/env python3
"""Makes the state of a released version: make-state.py EXPORTER VERSION

EXPORTER is the program of that version, built from its release commit:

| version | commit | date |
| --- | --- | --- |
| 0.1.0 | f68386787298b3ad3d41a007811a3dc8ce605447 | 2026-11-25 |
| 0.2.0 | the commit that adds 0.2.0.db.zst | 2026-11-30 |

It reads a log and four webhook batches of Tests/Fixtures with locations, a filter and small budgets, so that each table
has rows. Written next to this script: VERSION.db.zst, the state.db after the stop; VERSION.metrics.txt, its counters as
the program showed them before; and VERSION.sources.json, its evidence, if the program has that API. A state that was
released is never made again: ReleasedStatesTests proves with the files that later versions read it.
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

states = pathlib.Path(__file__).resolve().parent
fixtures = states.parent
# Values that the tests compare; not those that depend on the time of the scrape or belong to the process.
COMPARED = (
    "kube_audit_unauthenticated_forbidden_requests", "kube_audit_unauthorized_requests",
    "kube_audit_anonymous_allowed_requests", "kube_audit_retired_", "kube_audit_outcome_", "kube_audit_filtered_",
    "kube_audit_duplicate_", "kube_audit_lines_total", "kube_audit_bytes_total", "kube_audit_malformed_",
    "kube_audit_untracked_", "kube_audit_displaced_", "kube_audit_tracked_", "kube_audit_last_event_timestamp_seconds",
)


def get(url):
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read().decode()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def wait_for(what, condition):
    deadline = time.time() + 30
    while time.time() < deadline:
        try:
            if condition():
                return
        except urllib.error.URLError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"never: {what}")


def main(exporter, version):
    web, webhook = free_port(), free_port()
    url = f"http://127.0.0.1:{web}"
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(fixtures / "audit-logs/outcomes.log", f"{directory}/audit.log")
        shutil.copy(states / "filter.yml", f"{directory}/filter.yml")
        beginning = ["--audit.from", "beginning"] if version != "0.1.0" else []
        arguments = [
            exporter, "--audit.log", "audit.log", "--filter.file", "filter.yml", "--source.limit", "12",
            "--source.claimed-limit", "2", "--geoip.database", str(fixtures / "locations/locations.mmdb"),
            "--web.listen-address", f"127.0.0.1:{web}", "--webhook.listen-address", f"127.0.0.1:{webhook}",
        ] + beginning
        program = subprocess.Popen(arguments, cwd=directory)
        try:
            wait_for("the log is read", lambda: 'kube_audit_lines_total{input="file"} 910' in get(f"{url}/metrics"))
            for number in range(1, 5):
                body = (fixtures / f"audit-logs/webhook/batch-{number}.json").read_bytes()
                with urllib.request.urlopen(f"http://127.0.0.1:{webhook}/", data=body, timeout=30) as response:
                    assert response.status == 200
            metrics = get(f"{url}/metrics")
            lines = [line for line in metrics.splitlines() if line.startswith(COMPARED)]
            (states / f"{version}.metrics.txt").write_text("\n".join(lines) + "\n")
            try:
                found = json.loads(get(f"{url}/api/v1/sources?limit=1000"))["data"]
                text = json.dumps(found, indent=1, sort_keys=True, ensure_ascii=False)
                (states / f"{version}.sources.json").write_text(text + "\n")
            except urllib.error.HTTPError as error:
                print(f"no API of sources: {error}")
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(timeout=30)
        assert program.returncode == 0 and not os.path.exists(f"{directory}/data/state.db-wal")
        target = states / f"{version}.db.zst"
        subprocess.run(["zstd", "-q", "-f", "-19", f"{directory}/data/state.db", "-o", target], check=True)
        print(f"{target}: {target.stat().st_size} bytes")


main(*sys.argv[1:])
