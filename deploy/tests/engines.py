"""What the tests share: rendering by Helm's engine, and the programs that read the result."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import helm_python as helm
import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.prometheus_operator import v1, v1alpha1

DEPLOY = Path(__file__).resolve().parents[1]
ROOT = DEPLOY.parent
CHART = DEPLOY / "helm/kube-audit-exporter"
PRESETS = sorted(path.stem for path in (CHART / "presets").glob("*.yaml"))
# The oldest version that Chart.yaml allows, the newest one with schemas, and some between them.
KUBERNETES = ["1.25", "1.28", "1.31", "1.34", "1.37"]
IMAGE = {"image": {"repository": "registry.example.com/security/kube-audit-exporter"}}
WEBHOOK = {"webhook": {"enabled": True, "tls": {"secretName": "webhook-tls"}}}
# Everything that the chart can create at once.
EVERYTHING = {
    "webhook": {"enabled": True, "tls": {"secretName": "webhook-tls"}},
    "web": {"users": {"prometheus": "$2b$10$" + "a" * 53}, "tls": {"secretName": "web-tls"}},
    "exporter": {"filters": [{"name": "probes", "user_agents": ["kube-probe/*"]}]},
    "geoip": {"volume": {"hostPath": {"path": "/var/lib/GeoIP"}}},
    "openshift": {"securityContextConstraints": True},
    "monitoring": {
        "podMonitor": True,
        "prometheusRule": {"enabled": True},
        "dashboards": {"enabled": True},
        "alertmanagerConfig": {"enabled": True},
    },
}
# Objects of other projects, for which kubernetes-validate has no schema.
FOREIGN = {"PodMonitor", "ServiceMonitor", "PrometheusRule", "AlertmanagerConfig", "SecurityContextConstraints"}


def merged(*values):
    result = {}
    for value in values:
        for key, item in value.items():
            both = isinstance(item, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], item) if both else item
    return result


def documents(text):
    return [document for document in yaml.safe_load_all(text) if document]


def templates(*values, name="kube-audit-exporter", namespace="security"):
    """The rendered text by the template's path, as `helm template` renders it, the schema included."""
    chart = helm.Chart.load(CHART)
    given = merged(IMAGE, *values)
    chart.validate_schema(chart.merge_values(given))
    return chart.render(given, name=name, namespace=namespace)


def render(*values, **options):
    """The rendered objects."""
    texts = templates(*values, **options)
    return [document for path, text in sorted(texts.items()) if path.endswith(".yaml") for document in documents(text)]


def only(objects, kind, suffix=""):
    """The object of a kind whose name ends with a suffix."""
    found = [item for item in objects if item["kind"] == kind and item["metadata"]["name"].endswith(suffix)]
    assert len(found) == 1, f"{len(found)} objects {kind} *{suffix}, expected one"
    return found[0]


def daemon_set(*values):
    return only(render(*values), "DaemonSet")


def container(workload):
    containers = workload["spec"]["template"]["spec"]["containers"]
    assert len(containers) == 1
    return containers[0]


def failure(*values):
    """The error that rendering ends with."""
    with pytest.raises(helm.HelmError) as error:
        render(*values)
    return str(error.value)


def validate(objects, version):
    """Compares objects with the schemas of a Kubernetes version; an unknown field is an error."""
    for item in objects:
        if item["kind"] not in FOREIGN:
            kubernetes_validate.validate(item, version, strict=True)


def check_operator_types(objects):
    """Compares objects with the types of the Prometheus operator; an unknown field is an error."""
    for item in objects:
        group, _, version = item["apiVersion"].partition("/")
        if group == "monitoring.coreos.com":
            model = getattr({"v1": v1, "v1alpha1": v1alpha1}[version], item["kind"]).model_validate(item)
            # What the type does not know is not in the copy.
            assert json.loads(model.model_dump_json(by_alias=True, exclude_unset=True)) == item


def program(name, variable):
    """The path of a program: from a variable of the environment, else from PATH, else the test is skipped."""
    path = os.environ.get(variable) or shutil.which(name)
    if not path:
        pytest.skip(f"{name} is not installed, and {variable} is not set")
    return path


def run(*command, status=0, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, **options)
    assert result.returncode == status, f"{command} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}"
    return result.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# kubectl of the virtual environment that runs the tests, with a current kustomize.
KUBECTL = Path(sys.executable).parent / "kubectl"


def debian_kubectl():
    """Debian's kubectl 1.20, unpacked by `make test-deploy`."""
    path = ROOT / ".build/deploy/debian/usr/bin/kubectl"
    if not path.exists():
        pytest.skip(f"{path} does not exist; make test-deploy unpacks it")
    return path


def exporter():
    """The exporter: $EXPORTER, else the newest build of this clone, else the test is skipped."""
    if os.environ.get("EXPORTER"):
        return Path(os.environ["EXPORTER"])
    builds = [ROOT / ".build" / kind / "kube-audit-exporter" for kind in ("debug", "release")]
    builds = sorted((path for path in builds if path.exists()), key=lambda path: path.stat().st_mtime)
    if not builds:
        pytest.skip("there is no build of the exporter; set EXPORTER, or run swift build")
    return builds[-1]


def source_flags():
    """The flags of the exporter as its source declares them."""
    sources = sorted((ROOT / "Sources/kube-audit-exporter").glob("*.swift"))
    text = "".join(path.read_text() for path in sources)
    return set(re.findall(r'\.customLong\("([a-z.-]+)"\)', text))
