"""Runs the image with what Helm renders for each platform: the pod's user, rights, arguments, mounts and probes."""

import json

import pytest
import yaml
from auditlog import AuditLog
from containers import make, until
from engines import CHART, PRESETS, WEBHOOK, container, merged, only, render
from kubelet import Node
from pods import COUNTER, FILTERS, HASH, event

pytestmark = pytest.mark.usefixtures("runs_containers")
# How each platform's API server leaves its log, as the presets describe it.
LOGS = {
    "root": {"directory": (0, 0, 0o700), "log": {"owner": (0, 0), "mode": 0o600}},
    "capability": {"directory": (65534, 65534, 0o700), "log": {"owner": (65534, 65534), "mode": 0o600}},
    "group": {"directory": (0, 990, 0o750), "log": {"owner": (0, 990), "mode": 0o640}},
}


def lines(first, last, **fields):
    return [json.dumps({**event(number), **fields}).encode() + b"\n" for number in range(first, last)]


def count(pod, **options):
    """The count of the source of `event`."""
    samples = (line.rsplit(" ", 1) for line in pod.get("/metrics", **options)[1].splitlines())
    return next((int(value) for name, value in samples if name == COUNTER), None)


def node_with_log(tmp_path, workload, access):
    """A node with the directory that the DaemonSet mounts, and a log in it."""
    node = Node(tmp_path / "node")
    flag = next(argument for argument in container(workload)["args"] if argument.startswith("--audit.log="))
    path = node.path(flag.removeprefix("--audit.log="))
    return node, AuditLog(make(path.parent, *LOGS[access]["directory"]), name=path.name, **LOGS[access]["log"])


@pytest.mark.parametrize("preset", [*PRESETS, "group"])
def test_the_pods_of_a_platform_count_a_rotating_log_and_continue_when_they_are_replaced(image, tmp_path, preset):
    if preset == "group":
        access, values = "group", {"auditLog": {"access": "group", "group": 990}}
    else:
        access = yaml.safe_load((CHART / f"presets/{preset}.yaml").read_text())["auditLog"]["access"]
        values = {"preset": preset}
    objects = render(merged(values, {"exporter": {"externalURL": "https://audit.example.com/$(NODE_NAME)"}}))
    workload = only(objects, "DaemonSet")
    node, log = node_with_log(tmp_path, workload, access)
    if access == "group":
        # The chart's README says how to prepare the node.
        make(node.path("/var/lib/kube-audit-exporter"), 65532, 65532, 0o700)
    log.write(lines(0, 3))
    with node.run(image, workload, objects, tmp_path / "first") as pod:
        pod.wait_for(lambda: pod.probe("readinessProbe"))
        assert pod.probe("livenessProbe")
        for number in range(1, 4):
            log.rotate(compress=number % 2 == 0)
            log.write(lines(number * 3, number * 3 + 3))
        until(lambda: count(pod) == 12, lambda: f"{pod.get('/metrics')[1]}\n{pod.log}")
        capabilities = 1 << 2 if access == "capability" else 0
        assert int(pod.status("CapEff"), 16) == int(pod.status("CapBnd"), 16) == capabilities
        assert "https://audit.example.com/control-plane-1" in pod.get("/metrics")[1]
        assert pod.stop() == 0
    log.rotate()
    log.write(lines(12, 15))
    with node.run(image, workload, objects, tmp_path / "second") as pod:
        pod.wait_for(lambda: pod.probe("readinessProbe"))
        until(lambda: count(pod) == 15, lambda: f"{pod.get('/metrics')[1]}\n{pod.log}")
        assert pod.stop() == 0
    assert "level=error" not in pod.log
    assert (node.path("/var/lib/kube-audit-exporter") / "state.db").exists()


def test_a_pod_whose_log_cannot_be_read_is_alive_and_not_ready(image, tmp_path):
    objects = render({"preset": "kubeadm"})
    workload = only(objects, "DaemonSet")
    # Root without capabilities is no more than an owner.
    node, log = node_with_log(tmp_path, workload, "capability")
    log.write(lines(0, 3))
    with node.run(image, workload, objects, tmp_path / "pod") as pod:
        pod.wait_for(lambda: "Permission denied" in pod.log)
        assert pod.probe("livenessProbe")
        assert not pod.probe("readinessProbe")


@pytest.mark.parametrize("authorization", [None, "Basic cHJvbWV0aGV1czpzZWNyZXQ="])
def test_probes_and_scrapes_work_with_tls_and_passwords(image, tmp_path, authorization):
    web = {"users": {"prometheus": HASH}, "tls": {"secretName": "web-tls"}}
    probes = {"probes": {"type": "http", "authorization": authorization}} if authorization else {}
    objects = render(merged({"web": web, "exporter": {"filters": FILTERS}}, probes))
    workload = only(objects, "DaemonSet")
    node, log = node_with_log(tmp_path, workload, "root")
    log.write(lines(0, 3) + lines(3, 5, sourceIPs=["10.1.2.3"], userAgent="kube-probe/1.31"))
    with node.run(image, workload, objects, tmp_path / "pod") as pod:
        pod.wait_for(lambda: pod.probe("readinessProbe"))
        assert pod.probe("livenessProbe")
        assert pod.get("/metrics", "--insecure", scheme="https")[0] == 401
        flags = ["--insecure", "--user", "prometheus:secret"]
        until(lambda: f"{COUNTER} 3" in pod.get("/metrics", *flags, scheme="https")[1], lambda: pod.log)
        filtered = 'kube_audit_filtered_requests_total{filter="load balancer"} 2'
        assert filtered in pod.get("/metrics", *flags, scheme="https")[1]
        assert pod.stop() == 0


def test_the_webhook_receiver_keeps_its_counts_on_its_volume(image, tmp_path):
    objects = render(merged(WEBHOOK, {"daemonSet": {"enabled": False}}))
    workload = only(objects, "Deployment")
    node = Node(tmp_path / "node")
    body = tmp_path / "body.json"
    body.write_text(
        json.dumps(
            {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event(number) for number in range(7)]}
        )
    )
    tls = tmp_path / "node/volumes/webhook-tls"
    for name in ("first", "second"):
        with node.run(image, workload, objects, tmp_path / name) as pod:
            pod.wait_for(lambda pod=pod: pod.probe("readinessProbe") and pod.probe("livenessProbe"))
            flags = ["--cacert", tls / "ca.crt", "--data-binary", f"@{body}"]
            certificate = ["--cert", tls / "client.crt", "--key", tls / "client.key"]
            port = pod.ports["webhook"]
            assert pod.get("/audit", *flags, scheme="https", port=port)[0] == 0
            # The second pod gets the same batch again.
            assert pod.get("/audit", *flags, *certificate, scheme="https", port=port)[0] == 200
            assert count(pod) == 7
            assert pod.stop() == 0
