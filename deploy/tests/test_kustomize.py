"""deploy/kustomize as kubectl builds it, compared with the chart."""

import importlib.machinery
import importlib.util
import os

import pytest
import yaml
from apiserver import APIServer
from engines import (
    DEPLOY,
    EVERYTHING,
    KUBECTL,
    KUBERNETES,
    PRESETS,
    debian_kubectl,
    documents,
    render,
    run,
    templates,
    validate,
)

KUSTOMIZE = DEPLOY / "kustomize"
PARTS = ["base", "webhook", "monitoring", "dashboards", "openshift-scc"]


def generate():
    """deploy/generate as a module."""
    loader = importlib.machinery.SourceFileLoader("generate", str(DEPLOY / "generate"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("generate", loader))
    loader.exec_module(module)
    return module


GENERATE = generate()


def build(directory, kubectl=KUBECTL):
    return documents(run(kubectl, "kustomize", directory))


def by_name(objects):
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


@pytest.mark.parametrize("preset", PRESETS)
def test_an_overlay_is_what_the_chart_renders_for_the_preset(preset):
    built = by_name(build(KUSTOMIZE / "overlays" / preset))
    chart = by_name(GENERATE.without_namespace(item) for item in GENERATE.rendered({"preset": preset}))
    assert built == chart


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("preset", PRESETS)
def test_an_overlay_is_valid_for_kubernetes(preset, version):
    validate(build(KUSTOMIZE / "overlays" / preset), version)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_valid_for_kubernetes(part):
    objects = build(KUSTOMIZE / part)
    assert objects
    for version in KUBERNETES:
        validate(objects, version)
    text = yaml.safe_dump(objects)
    assert "helm.sh" not in text and "Helm" not in text
    assert not any("namespace" in item["metadata"] for item in objects)


@pytest.mark.parametrize("part", PARTS)
def test_debians_kubectl_builds_the_parts_alike(part):
    """kubectl 1.20 has kustomize 2.0.3, which is too old for the overlays' patches."""
    assert by_name(build(KUSTOMIZE / part, debian_kubectl())) == by_name(build(KUSTOMIZE / part))


def test_no_overlay_is_missing():
    assert sorted(path.name for path in (KUSTOMIZE / "overlays").iterdir()) == PRESETS


def test_the_example_of_the_readme_sets_image_and_namespace(tmp_path):
    text = (KUSTOMIZE / "README.md").read_text()
    example = text.split("```yaml\n")[1].split("```")[0]
    own = tmp_path / "own"
    own.mkdir()
    # Kustomize takes paths relative to the kustomization.
    (own / "kustomization.yaml").write_text(
        example.replace("kube-audit-exporter/deploy/kustomize/", os.path.relpath(KUSTOMIZE, own) + "/")
    )
    objects = build(own)
    kinds = {item["kind"] for item in objects}
    assert {"DaemonSet", "PodMonitor", "PrometheusRule"} <= kinds
    for item in objects:
        assert item["metadata"].get("namespace", "kube-audit-exporter") == "kube-audit-exporter"
    workload = next(item for item in objects if item["kind"] == "DaemonSet")
    image = workload["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == "registry.example.com/security/kube-audit-exporter:0.2.0"


@pytest.mark.parametrize("preset", PRESETS)
def test_the_webhook_goes_together_with_an_overlay(preset, tmp_path):
    def own(*resources):
        path = tmp_path / "-".join(part.replace("/", "-") for part in resources)
        path.mkdir()
        names = [os.path.relpath(KUSTOMIZE / part, path) for part in resources]
        (path / "kustomization.yaml").write_text(yaml.safe_dump({"namespace": "audit", "resources": names}))
        return build(path)

    overlay = f"overlays/{preset}"
    together = own(overlay, "webhook", "monitoring", "dashboards")
    parts = [item for part in (overlay, "webhook", "monitoring", "dashboards") for item in own(part)]
    assert by_name(together) == by_name(parts)
    assert len(by_name(together)) == len(together) == len(parts)
    accounts = {item["metadata"]["name"] for item in together if item["kind"] == "ServiceAccount"}
    pods = [item["spec"]["template"]["spec"] for item in together if item["kind"] in ("DaemonSet", "Deployment")]
    assert {pod["serviceAccountName"] for pod in pods} == accounts and len(pods) == len(accounts) == 2


def test_the_readmes_kustomization_for_openshift_gives_cluster_scoped_objects_no_namespace(tmp_path):
    text = (KUSTOMIZE / "README.md").read_text()
    example = text.split("```yaml\n")[2].split("```")[0]
    assert "overlays/openshift" in example
    example = example.replace("kube-audit-exporter/deploy/kustomize/", os.path.relpath(KUSTOMIZE, tmp_path) + "/")
    (tmp_path / "kustomization.yaml").write_text(example)
    objects = build(tmp_path)
    for item in objects:
        is_namespaced = item["kind"] != "SecurityContextConstraints"
        assert ("namespace" in item["metadata"]) == is_namespaced, item["metadata"]
    binding = next(item for item in objects if item["kind"] == "RoleBinding")
    assert [subject["namespace"] for subject in binding["subjects"]] == ["kube-audit-exporter"]


def apply(kubectl, text, tmp_path):
    """kubectl apply --dry-run=client against a server that knows the kinds; returns the names of the objects."""
    file = tmp_path / "all.yaml"
    file.write_text(text)
    with APIServer() as server:
        environment = {
            **os.environ,
            "KUBECONFIG": str(tmp_path / "none"),
            "HOME": str(tmp_path),
            "no_proxy": "127.0.0.1",
        }
        # Without validation: it needs the server's OpenAPI. kubernetes-validate has compared the schemas.
        out = run(
            kubectl,
            f"--server={server.url}",
            "apply",
            "--dry-run=client",
            "--validate=false",
            "-f",
            file,
            "-o",
            "name",
            env=environment,
        )
        assert server.server.writes == []
    return {line.strip() for line in out.splitlines() if line.strip()}


def expected_names(objects):
    for item in objects:
        group = item["apiVersion"].split("/")[0] if "/" in item["apiVersion"] else ""
        yield f"{item['kind'].lower()}{'.' + group if group else ''}/{item['metadata']['name']}"


@pytest.mark.parametrize("kubectl", ["current", "Debian's"])
def test_kubectl_would_apply_everything(kubectl, tmp_path):
    path = KUBECTL if kubectl == "current" else debian_kubectl()
    texts = templates(EVERYTHING)
    text = "\n---\n".join(text for name, text in sorted(texts.items()) if name.endswith(".yaml"))
    assert apply(path, text, tmp_path) == set(expected_names(render(EVERYTHING)))


@pytest.mark.parametrize("kubectl", ["current", "Debian's"])
@pytest.mark.parametrize("preset", PRESETS)
def test_kubectl_would_apply_an_overlay(preset, kubectl, tmp_path):
    path = KUBECTL if kubectl == "current" else debian_kubectl()
    text = run(KUBECTL, "kustomize", KUSTOMIZE / "overlays" / preset)
    assert apply(path, text, tmp_path) == set(expected_names(documents(text)))


def test_kubectl_refuses_an_unknown_kind(tmp_path):
    with pytest.raises(AssertionError, match="no matches for kind"):
        apply(KUBECTL, "apiVersion: apps/v1\nkind: DaemonSets\nmetadata: {name: a}\n", tmp_path)
