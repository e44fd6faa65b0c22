"""The labels of targets, as a real Prometheus makes them of the chart's relabelings."""

import json
import re
import subprocess
import time
import urllib.request

import pytest
import yaml
from engines import CHART, ROOT, WEBHOOK, free_port, only, program, render

SNAKE = {"sourceLabels": "source_labels", "targetLabel": "target_label"}


def relabelled(targets, tmp_path, scraped=None):
    """The labels that a real Prometheus gives targets: (labels, relabelings of a monitor) by the name of a job."""
    port = free_port()
    config = {
        "scrape_configs": [
            {
                "job_name": name,
                # Nothing listens there.
                "static_configs": [{"targets": ["127.0.0.1:1"], "labels": labels}],
                "relabel_configs": [{SNAKE.get(key, key): value for key, value in rule.items()} for rule in rules],
            }
            for name, (labels, rules) in targets.items()
        ]
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = [
        program("prometheus", "PROMETHEUS"),
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with open(tmp_path / "prometheus.log", "w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets", timeout=5) as response:
                    active = json.load(response)["data"]["activeTargets"]
                if len(active) == (scraped or len(targets)):
                    return {item["scrapePool"]: item["labels"] for item in active}
            except OSError:
                pass
            assert time.monotonic() < deadline and process.poll() is None, (tmp_path / "prometheus.log").read_text()
            time.sleep(0.1)
    finally:
        process.terminate()
        process.wait(30)


def target(pod, node):
    """The labels of a target before the chart's relabeling, as the operator makes them."""
    return {
        "__meta_kubernetes_pod_node_name": node,
        "__meta_kubernetes_pod_name": pod,
        "namespace": "security",
        "pod": pod,
        "container": "kube-audit-exporter",
        "endpoint": "web",
        "service": "kube-audit-exporter-metrics",
        "job": "kube-audit-exporter",
    }


@pytest.mark.parametrize("kind, field", [("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")])
def test_a_replaced_pod_keeps_the_labels_of_its_target(kind, field, tmp_path):
    values = {"monitoring": {kind[0].lower() + kind[1:]: True, "cluster": "blue"}}
    objects = render(WEBHOOK, values)
    log = only(objects, kind, "exporter")["spec"][field][0]["relabelings"]
    webhook = only(objects, kind, "webhook")["spec"][field][0]["relabelings"]
    labels = relabelled(
        {
            "before": (target("kube-audit-exporter-abcde", "control-plane-1"), log),
            "after": (target("kube-audit-exporter-vwxyz", "control-plane-1"), log),
            # The webhook's pod may move to another node.
            "here": (target("kube-audit-exporter-webhook-a", "worker-1"), webhook),
            "there": (target("kube-audit-exporter-webhook-b", "worker-2"), webhook),
        },
        tmp_path,
    )
    common = {"cluster": "blue", "namespace": "security", "job": "kube-audit-exporter"}
    assert labels["before"] == labels["after"] == {**common, "instance": "control-plane-1"}
    assert labels["here"] == labels["there"] == {**common, "instance": "kube-audit-exporter-webhook"}


@pytest.mark.parametrize("kind, field", [("PodMonitor", "podMetricsEndpoints"), ("ServiceMonitor", "endpoints")])
def test_releases_of_a_namespace_keep_their_targets_apart(kind, field, tmp_path):
    """On the same node; with the same labels, their counters would be taken for one that is reset at each scrape."""
    values = {"monitoring": {kind[0].lower() + kind[1:]: True}}
    releases = ["kube-audit-exporter", "blue", "green", "kube-audit-exporter-red", "kube-audit"]
    targets = {}
    for release in releases:
        objects = render(WEBHOOK, values, name=release)
        for component, suffix in (("log", "exporter"), ("webhook", "webhook")):
            found = [item for item in objects if item["kind"] == kind]
            (monitor,) = [
                item for item in found if item["metadata"]["labels"]["app.kubernetes.io/component"] == component
            ]
            targets[f"{release} {component}"] = (
                target(f"{release}-{suffix}", "control-plane-1"),
                monitor["spec"][field][0]["relabelings"],
            )
    labels = relabelled(targets, tmp_path)
    assert len({json.dumps(item, sort_keys=True) for item in labels.values()}) == 2 * len(releases), labels
    for name, item in labels.items():
        # The rules know targets that never answered by this name.
        assert re.fullmatch("(.+[-/])?kube-audit-exporter", item["job"]), name
    assert r'job=~"(.+[-/])?kube-audit-exporter"' in (ROOT / "alerts/access-scanning.rules.yaml").read_text()


def test_prometheus_without_the_operator_gives_a_replaced_pod_the_same_labels(tmp_path):
    """With the configuration of the chart's README."""
    text = (CHART / "README.md").read_text()
    (config,) = [part for part in text.split("```yaml\n") if part.startswith("# prometheus.yml")]
    (job,) = yaml.safe_load(config.split("```")[0])["scrape_configs"]
    # Debian's Prometheus is built without the discovery of pods, so only the relabeling is tried.
    assert job["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": {"names": ["kube-audit-exporter"]}}]
    rules = job["relabel_configs"]

    def discovered(component, node, port="web", name="kube-audit-exporter", release="kube-audit-exporter"):
        return {
            "__meta_kubernetes_pod_label_app_kubernetes_io_instance": release,
            "__meta_kubernetes_pod_label_app_kubernetes_io_name": name,
            "__meta_kubernetes_pod_label_app_kubernetes_io_component": component,
            "__meta_kubernetes_pod_container_port_name": port,
            "__meta_kubernetes_pod_node_name": node,
            "job": "kube-audit-exporter",
        }

    pods = render(WEBHOOK)
    for workload, component in (("DaemonSet", "log"), ("Deployment", "webhook")):
        labels = only(pods, workload)["spec"]["template"]["metadata"]["labels"]
        assert labels["app.kubernetes.io/name"] == "kube-audit-exporter"
        assert labels["app.kubernetes.io/component"] == component
    labels = relabelled(
        {
            "log": (discovered("log", "control-plane-1"), rules),
            "here": (discovered("webhook", "worker-1"), rules),
            "there": (discovered("webhook", "worker-2"), rules),
            "blue": (discovered("log", "control-plane-1", release="blue"), rules),
            # Neither the port of the webhook nor another program is scraped.
            "port": (discovered("webhook", "worker-1", port="webhook"), rules),
            "other": (discovered("log", "worker-1", name="other"), rules),
        },
        tmp_path,
        scraped=4,
    )
    assert labels == {
        "log": {"job": "kube-audit-exporter", "instance": "control-plane-1"},
        "blue": {"job": "blue/kube-audit-exporter", "instance": "control-plane-1"},
        "here": {"job": "kube-audit-exporter", "instance": "kube-audit-exporter-webhook"},
        "there": {"job": "kube-audit-exporter", "instance": "kube-audit-exporter-webhook"},
    }
