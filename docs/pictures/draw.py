#!/usr/bin/env python3
"""Draws docs/pictures/source.png: the page of a source as Chromium shows it.

    make pictures
    draw.py PATH/TO/kube-audit-exporter [LOCATIONS.mmdb]

A real exporter reads a log of a scan. A request counts for the minute in which it was read, so the script then spreads
the requests over the last hour in the exporter's state, and starts the exporter again.
"""
import datetime
import json
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ADDRESS = "192.0.2.142"
# The scanner's requests: a look around, then secrets, then a brute force of namespaces.
AGENTS = ["curl/7.88.1", "kube-hunter/0.6.8", "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0"]
PATHS = [
    ("list", "/api/v1/secrets", "secrets"), ("list", "/api/v1/namespaces/kube-system/secrets?limit=500", "secrets"),
    ("list", "/api/v1/pods", "pods"), ("get", "/api/v1/namespaces/default/pods/web-0/exec?command=sh", "pods/exec"),
    ("list", "/apis/apps/v1/deployments", "deployments.apps"), ("get", "/openapi/v2", None), ("get", "/metrics", None),
    ("create", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", "clusterrolebindings"),
    ("list", "/api/v1/nodes", "nodes"), ("get", "/apis", None),
]


# Where it found something open: numbers of requests that were allowed.
ALLOWED = {60: "/api/v1/namespaces/dev/configmaps", 131: "/api/v1/namespaces/dev/configmaps?limit=500"}


def event(number, at):
    verb, path, resource = PATHS[number % len(PATHS)]
    if number in ALLOWED:
        verb, path, resource = "list", ALLOWED[number], "configmaps"
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"
    reference = {}
    if resource:
        name, _, subresource = resource.partition("/")
        name, _, group = name.partition(".")
        reference = {"objectRef": {"resource": name, "apiGroup": group, "subresource": subresource}}
    # Some requests had a token that was made up.
    is_unauthorized = number % 9 == 4 and number not in ALLOWED
    where = f"{verb} resource \"{resource}\"" if resource else f"{verb} path \"{path}\""
    user = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}
    status = {
        "metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403,
        "message": f"forbidden: User \"system:anonymous\" cannot {where}"}
    if is_unauthorized:
        user = {}
        status = {
            "metadata": {}, "status": "Failure", "reason": "Unauthorized", "code": 401,
            "message": "Authentication failed, attempted: bearer"}
    if number in ALLOWED:
        status = {"metadata": {}, "code": 200}
    return {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata",
        "auditID": f"{0x5d1e0000 + number:08x}-7c1f-4d6e-9a3b-{number * 7919:012x}", "stage": "ResponseComplete",
        "requestURI": path, "verb": verb, "user": user,
        "sourceIPs": [ADDRESS], "userAgent": AGENTS[number % len(AGENTS)], **reference,
        "responseStatus": status,
        "requestReceivedTimestamp": stamp, "stageTimestamp": stamp}


class Exporter:
    def __init__(self, program, directory, arguments):
        self.log = directory / "exporter.log"
        self.process = subprocess.Popen(
            [program, "--audit.log", directory / "audit.log", "--storage.path", directory / "data",
             "--web.listen-address", "127.0.0.1:0", *arguments], stderr=self.log.open("w"))
        self.url = "http://" + self.wait_for(r"msg=Listening address=(\S+)")
        self.wait_for(r"read to its end")

    def wait_for(self, pattern):
        for _ in range(300):
            if found := re.search(pattern, self.log.read_text()):
                return found[found.re.groups]
            time.sleep(0.1)
        raise SystemExit(f"no {pattern} in {self.log.read_text()}")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


def spread(state, now):
    """Writes a spread of requests over the last hour into the state: see RequestsByMinute.entries."""
    shape = random.Random(4)
    with sqlite3.connect(state) as database:
        for counter, count in database.execute(
                "SELECT id, requests FROM source WHERE address = ? ORDER BY analytic", (ADDRESS,)).fetchall():
            minutes = {}
            for _ in range(count):
                age = shape.choice([shape.gauss(46, 2.5), shape.gauss(24, 5), shape.gauss(6, 4)])
                minute = int(now // 60 - min(58, max(1, age)))
                minutes[minute] = minutes.get(minute, 0) + 1
            block = b"".join(struct.pack("<Q", minute << 32 | minutes[minute]) for minute in sorted(minutes))
            database.execute(
                "UPDATE source SET by_minute = ?, first_seen = ? WHERE id = ?",
                (block, min(minutes) * 60 + 12.5, counter))
    database.close()


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    locations = sys.argv[2] if len(sys.argv) > 2 else HERE.parents[1] / "Tests/Fixtures/locations/locations.mmdb"
    arguments = ["--geoip.database", str(locations)]
    count = 214
    directory = pathlib.Path(tempfile.mkdtemp(prefix="source-picture-"))
    try:
        now = datetime.datetime.now(datetime.timezone.utc)
        with (directory / "audit.log").open("w") as log:
            for number in range(count):
                log.write(json.dumps(event(number, now - datetime.timedelta(seconds=count - number))) + "\n")
        Exporter(program, directory, arguments).stop()
        spread(directory / "data/state.db", time.time())
        exporter = Exporter(program, directory, arguments)
        try:
            page = f"{exporter.url}/sources/{ADDRESS}"
            with urllib.request.urlopen(page) as answer:
                assert answer.status == 200
            subprocess.run(
                ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--hide-scrollbars", f"--user-data-dir={directory}/profile", "--window-size=1180,1750",
                 f"--screenshot={HERE}/source.png", page], check=True, capture_output=True, timeout=60)
        finally:
            exporter.stop()
    finally:
        shutil.rmtree(directory)


main()
