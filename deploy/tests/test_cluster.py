"""The chart, kustomize and the audit policies with a real API server.

Debian has no package with it, so these tests run only if KUBE_APISERVER and ETCD name the programs. Pods never start,
because there is no kubelet. KUBECTL_FOR_CLUSTER names a kubectl of the server's version; otherwise Debian's is used.
"""

import json
import os
import secrets
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from engines import (
    DEPLOY,
    EVERYTHING,
    FOREIGN,
    KUBECTL,
    PRESETS,
    WEBHOOK,
    debian_kubectl,
    documents,
    exporter,
    free_port,
    merged,
    render,
    run,
)
from pods import COUNTER, pod

POLICIES = ["audit-policy.yaml", "audit-policy-full.yaml"]


class Cluster:
    """etcd and an API server with an audit policy, on loopback, with anonymous access as kubeadm sets it up."""

    def __init__(self, directory, policy, *flags):
        for name in ("KUBE_APISERVER", "ETCD"):
            if not os.environ.get(name):
                pytest.skip(f"{name} is not set")
        self.directory = directory
        self.log = directory / "audit.log"
        self.token = secrets.token_hex(16)
        self.processes = []
        (directory / "tokens.csv").write_text(f"{self.token},admin,admin,system:masters\n")
        run("openssl", "genrsa", "-out", directory / "sa.key", "2048")
        etcd, peer, port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{port}"
        self.start(
            os.environ["ETCD"],
            f"--data-dir={directory}/etcd",
            f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--log-level=error",
        )
        self.start(
            os.environ["KUBE_APISERVER"],
            f"--etcd-servers=http://127.0.0.1:{etcd}",
            f"--secure-port={port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={directory}/certs",
            f"--token-auth-file={directory}/tokens.csv",
            "--authorization-mode=RBAC",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            f"--service-account-key-file={directory}/sa.key",
            f"--service-account-signing-key-file={directory}/sa.key",
            "--service-account-issuer=https://localhost",
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.log}",
            *flags,
        )

    def start(self, *command):
        output = self.directory / f"{Path(command[0]).name}.log"
        with open(output, "w") as file:
            self.processes.append(subprocess.Popen(command, stdout=file, stderr=file))

    def __enter__(self):
        deadline = time.monotonic() + 120
        while self.status("/readyz", self.token) != 200:
            ended = [process.args[0] for process in self.processes if process.poll() is not None]
            if ended or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(
                    f"{ended or 'no answer'}\n"
                    + "\n".join(path.read_text()[-3000:] for path in self.directory.glob("*.log"))
                )
            time.sleep(0.2)
        return self

    def __exit__(self, *error):
        for process in reversed(self.processes):
            process.terminate()
            process.wait(60)

    def status(self, path, token=None):
        """The status of a request; without a token it is anonymous."""
        request = urllib.request.Request(self.url + path, headers={"User-Agent": "policy-test"})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=10) as response:
                return response.status
        except urllib.error.HTTPError as refusal:
            return refusal.code
        except OSError:
            return None

    def kubectl(self, *arguments, status=0):
        program = os.environ.get("KUBECTL_FOR_CLUSTER") or debian_kubectl()
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.directory / "none"),
            "HOME": str(self.directory),
            "no_proxy": "127.0.0.1",
        }
        return run(
            program,
            f"--server={self.url}",
            f"--token={self.token}",
            "--insecure-skip-tls-verify",
            *arguments,
            status=status,
            env=environment,
        )

    def apply(self, objects):
        """The names of objects that the server would accept, with validation by its schema."""
        file = self.directory / "objects.yaml"
        file.write_text(yaml.safe_dump_all([item for item in objects if item["kind"] not in FOREIGN]))
        return self.kubectl("apply", "--dry-run=server", "-o", "name", "-f", file).split()


@pytest.fixture(scope="module", params=POLICIES)
def cluster(request, tmp_path_factory):
    with Cluster(tmp_path_factory.mktemp("cluster"), DEPLOY / "kubeadm" / request.param) as running:
        running.policy = request.param
        running.kubectl("create", "namespace", "security")
        yield running


def test_the_server_accepts_what_the_chart_renders(cluster):
    # Service monitors instead of pod monitors, for their Service.
    everything = merged(EVERYTHING, {"monitoring": {"podMonitor": False, "serviceMonitor": True}})
    variants = [{"preset": preset} for preset in PRESETS] + [
        everything,
        merged(WEBHOOK, {"daemonSet": {"enabled": False}}),
        {"daemonSet": {"hostNetwork": True}},
        {"auditLog": {"access": "group", "group": 990}},
    ]
    for values in variants:
        objects = render(values)
        assert len(cluster.apply(objects)) == len([item for item in objects if item["kind"] not in FOREIGN])


@pytest.mark.parametrize("directory", [*(f"overlays/{preset}" for preset in PRESETS), "webhook", "dashboards"])
def test_the_server_accepts_what_kustomize_builds(cluster, directory):
    objects = documents(run(KUBECTL, "kustomize", DEPLOY / "kustomize" / directory))
    assert cluster.apply(objects)


def test_the_server_refuses_a_broken_object(cluster):
    broken = render()
    next(item for item in broken if item["kind"] == "DaemonSet")["spec"]["template"]["spec"]["volumes"].pop()
    with pytest.raises(AssertionError, match="volumeMounts"):
        cluster.apply(broken)


def events(cluster):
    return [json.loads(line) for line in cluster.log.read_text().splitlines()] if cluster.log.exists() else []


def logged(cluster, path):
    """The events of a path; waits until they are written."""
    deadline = time.monotonic() + 10
    while not (found := [event for event in events(cluster) if event["requestURI"] == path]):
        assert time.monotonic() < deadline, f"{path} is not in the log"
        time.sleep(0.1)
    return found


def test_the_policy_logs_requests_without_valid_credentials_once(cluster):
    assert cluster.status("/api/v1/secrets?refused") == 403
    assert cluster.status("/api/v1/secrets?rejected", "wrong") == 401
    assert cluster.status("/version?allowed") == 200
    (refused,) = logged(cluster, "/api/v1/secrets?refused")
    assert (refused["responseStatus"]["code"], refused["stage"]) == (403, "ResponseComplete")
    (rejected,) = logged(cluster, "/api/v1/secrets?rejected")
    assert (rejected["responseStatus"]["code"], rejected["stage"]) == (401, "ResponseStarted")
    assert not rejected["user"]
    (allowed,) = logged(cluster, "/version?allowed")
    assert allowed["responseStatus"]["code"] == 200
    assert {event["level"] for event in (refused, rejected, allowed)} == {"Metadata"}


def test_the_policy_logs_users_only_if_it_is_the_full_one(cluster):
    assert cluster.status("/api/v1/secrets?admin", cluster.token) == 200
    assert cluster.status("/api/v1/secrets?marker") == 403
    logged(cluster, "/api/v1/secrets?marker")
    names = {event["user"].get("username") for event in events(cluster)}
    if cluster.policy == "audit-policy.yaml":
        assert names <= {"system:anonymous", None}
    else:
        assert [event for event in events(cluster) if event["requestURI"] == "/api/v1/secrets?admin"]
        assert not any("requestObject" in event or "responseObject" in event for event in events(cluster))


def test_the_exporter_counts_what_the_policy_logs(cluster):
    for number in range(7):
        assert cluster.status(f"/api/v1/scan-{number}") == 403
    logged(cluster, "/api/v1/scan-6")
    refused = [
        event
        for event in events(cluster)
        if event["responseStatus"]["code"] == 403
        and "system:unauthenticated" in event["user"].get("groups", [])
        and event["stage"] == "ResponseComplete"
    ]
    # 3: a source made more than five requests.
    out = run(exporter(), "scan", "--format", "json", cluster.log, status=3)
    assert sum(source["count"] for source in json.loads(out)) == len(refused)


def test_the_server_sends_its_webhook_to_the_deployment_of_the_chart(tmp_path):
    """The API server's side is the file of docs/webhook.md."""
    text = (DEPLOY.parent / "docs/webhook.md").read_text()
    config = text.split("```yaml\n")[1].split("```")[0]
    with pod("Deployment", tmp_path / "pod") as own:
        tls = own.directory / "etc/webhook-tls"
        config = config.replace("127.0.0.1:10404", f"127.0.0.1:{own.port('Listening for the audit webhook')}")
        config = config.replace("/etc/kubernetes/audit-webhook/", f"{tls}/")
        (tmp_path / "webhook.yaml").write_text(config)
        flags = [f"--audit-webhook-config-file={tmp_path}/webhook.yaml", "--audit-webhook-batch-max-wait=1s"]
        (tmp_path / "cluster").mkdir()
        with Cluster(tmp_path / "cluster", DEPLOY / "kubeadm/audit-policy.yaml", *flags) as server:
            for number in range(7):
                assert server.status(f"/api/v1/scan-{number}") == 403
            own.wait_for(COUNTER.replace("192.0.2.7", "127.0.0.1") + " 7")
        # Each batch was accepted.
        own.wait_for('kube_audit_webhook_requests_total{code="200"}')
        for code in (400, 411, 413, 415):
            own.wait_for(f'kube_audit_webhook_requests_total{{code="{code}"}} 0')
