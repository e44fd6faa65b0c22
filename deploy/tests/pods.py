"""Runs the exporter as a pod of the chart would, and writes what an API server and a kubelet write."""

import base64
import re
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request

from engines import WEBHOOK, container, exporter, merged, only, render, run

# The bcrypt hash of "secret".
HASH = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"
# The counter of the source of `event`.
COUNTER = 'kube_audit_unauthenticated_forbidden_requests_total{src_ip="192.0.2.7",country="",city="",origin="verified"}'
FILTERS = [{"name": "load balancer", "networks": ["10.0.0.0/8", "2001:db8::/32"], "user_agents": ["kube-probe/*", ""]}]


def certificates(directory):
    """An authority, and certificates of a server and of a client, as docs/web-configuration.md makes them."""
    directory.mkdir(parents=True)

    def openssl(*arguments):
        run("openssl", *arguments, cwd=directory)

    openssl(
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=test",
        "-keyout",
        "ca.key",
        "-out",
        "ca.crt",
    )
    for name in ("tls", "client"):
        openssl(
            "req",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        openssl(
            "x509",
            "-req",
            "-in",
            f"{name}.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "1",
            "-copy_extensions",
            "copy",
            "-out",
            f"{name}.crt",
        )


def event(audit_id, agent="curl/8.0"):
    """A request without credentials that was refused just now, as the API server logs it."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{audit_id:06d}Z"
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": f"id-{audit_id}",
        "stage": "ResponseComplete",
        "requestURI": "/api/v1/secrets",
        "verb": "list",
        "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]},
        "sourceIPs": ["192.0.2.7"],
        "userAgent": agent,
        "objectRef": {"resource": "secrets", "apiVersion": "v1"},
        "responseStatus": {"metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403},
        "requestReceivedTimestamp": now,
        "stageTimestamp": now,
    }


def project(path, files):
    """Writes files as the kubelet does it for a ConfigMap: links to links to a directory, which is replaced at once."""
    path.mkdir(parents=True, exist_ok=True)
    version = path / f"..{len(list(path.iterdir()))}"
    version.mkdir()
    for name, text in files.items():
        (version / name).write_text(text)
        if not (path / name).is_symlink():
            (path / name).symlink_to(f"..data/{name}")
    (path / "..data_tmp").symlink_to(version.name)
    (path / "..data_tmp").rename(path / "..data")


class Pod:
    """The exporter as a pod of the chart would run it, with the rendered arguments and files in a directory."""

    def __init__(self, workload, objects, directory):
        self.directory, self.logfile = directory, directory / "stderr.log"
        etc = directory / "etc"
        directory.mkdir(exist_ok=True)
        self.replaced = {
            "/var/lib/kube-audit-exporter": directory / "state",
            "/etc/kube-audit-exporter": etc,
            "/var/log/kubernetes/audit": directory / "log",
            "=:10403": "=127.0.0.1:0",
            "=:10404": "=127.0.0.1:0",
        }
        (directory / "log").mkdir()
        (directory / "log/audit.log").touch()
        mounts = {mount["name"]: mount["mountPath"] for mount in container(workload)["volumeMounts"]}
        for volume in workload["spec"]["template"]["spec"]["volumes"]:
            path = etc / mounts[volume["name"]].removeprefix("/etc/kube-audit-exporter/")
            source = volume.get("configMap", {}).get("name") or volume.get("secret", {}).get("secretName")
            kind = "ConfigMap" if "configMap" in volume else "Secret"
            data = [item for item in objects if (item["kind"], item["metadata"]["name"]) == (kind, source)]
            if data:
                project(
                    path,
                    {name: self.local(text) for name, text in (data[0].get("data") or data[0]["stringData"]).items()},
                )
            elif kind == "Secret" and source:
                certificates(path)
        (directory / "state").mkdir()
        self.command = [exporter(), *(self.local(argument) for argument in container(workload)["args"])]

    def local(self, text):
        for old, new in self.replaced.items():
            text = text.replace(old, str(new))
        return text

    def __enter__(self):
        self.status = 0
        self.log = open(self.logfile, "w")
        self.process = subprocess.Popen(self.command, stdout=self.log, stderr=self.log, cwd=self.directory)
        self.web = self.port("Listening")
        return self

    def port(self, message):
        """The port that the exporter's log names."""
        pattern = re.compile(rf'msg="?{message}"? address=127\.0\.0\.1:(\d+)')
        deadline = time.monotonic() + 30
        while not (found := pattern.search(self.logfile.read_text())):
            assert time.monotonic() < deadline and self.process.poll() is None, self.logfile.read_text()
            time.sleep(0.05)
        return int(found[1])

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()
        if error == (None, None, None):
            assert self.process.returncode == self.status, self.logfile.read_text()

    def kill(self):
        """As the kernel does it when the container exceeds its memory limit."""
        self.process.kill()
        self.process.wait(10)
        self.status = -signal.SIGKILL

    def get(self, path, password="secret"):
        """The status and the text at a path."""
        context = ssl._create_unverified_context()
        request = urllib.request.Request(f"https://127.0.0.1:{self.web}{path}")
        if password:
            request.add_header("Authorization", "Basic " + base64.b64encode(f"prometheus:{password}".encode()).decode())
        try:
            with urllib.request.urlopen(request, context=context, timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def wait_for(self, line):
        """Waits until the metrics have a line that begins like this."""
        deadline = time.monotonic() + 20
        while True:
            text = self.get("/metrics")[1]
            if any(item.startswith(line) for item in text.splitlines()):
                return
            assert time.monotonic() < deadline, text
            time.sleep(0.1)


def pod(kind, directory):
    values = merged(
        WEBHOOK,
        {
            "web": {"users": {"prometheus": HASH}, "tls": {"secretName": "web-tls"}},
            "exporter": {
                "filters": FILTERS,
                "externalURL": "https://audit.example.com/$(NODE_NAME)",
                "trustedProxies": ["198.51.100.0/24"],
                "extraArgs": ["--web.openmetrics-created-series"],
            },
        },
    )
    objects = render(values)
    return Pod(only(objects, kind), objects, directory)
