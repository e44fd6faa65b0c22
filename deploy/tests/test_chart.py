"""The chart: what Helm's engine, the schemas of Kubernetes and the checks of the chart say."""

import json
import os
import re
import shutil
import sys
from pathlib import Path

import helm_python as helm
import jsonschema
import pytest
import yaml
from engines import (
    CHART,
    DEPLOY,
    EVERYTHING,
    FOREIGN,
    IMAGE,
    KUBERNETES,
    PRESETS,
    ROOT,
    WEBHOOK,
    check_operator_types,
    container,
    daemon_set,
    merged,
    only,
    render,
    run,
    templates,
    validate,
)

VARIANTS = {
    "default": {},
    "everything": EVERYTHING,
    "webhook only": merged(WEBHOOK, {"daemonSet": {"enabled": False}}),
    "host network": {"daemonSet": {"hostNetwork": True}},
    "group": {"auditLog": {"access": "group", "group": 990}},
    "service monitor": merged(WEBHOOK, {"monitoring": {"serviceMonitor": True}}),
    "webhook without a volume": merged(WEBHOOK, {"webhook": {"persistence": {"enabled": False}}}),
    "two logs": {"auditLog": {"files": ["audit.log", "other-*.log"]}},
}


@pytest.mark.parametrize("preset", PRESETS)
def test_lint_has_nothing_to_say_about_a_preset(preset):
    report = helm.lint(CHART, merged(IMAGE, {"preset": preset}), strict=True)
    assert report["total_charts_linted"] == 1
    assert not report["errors"]
    # An icon is recommended; there is none.
    assert [message for message in report["messages"] if "icon is recommended" not in message["error"]] == []


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_is_valid_for_kubernetes(preset, version):
    validate(render({"preset": preset}), version)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_is_valid_for_kubernetes(variant, version):
    validate(render(VARIANTS[variant]), version)


def test_an_unknown_field_is_not_valid():
    broken = daemon_set()
    broken["spec"]["template"]["spec"]["containers"][0]["volumeMount"] = []
    with pytest.raises(Exception, match="volumeMount"):
        validate([broken], KUBERNETES[0])


def test_a_preset_file_is_a_values_file_too():
    for preset in PRESETS:
        values = yaml.safe_load((CHART / f"presets/{preset}.yaml").read_text())
        by_file, by_name = daemon_set(values), daemon_set({"preset": preset})
        assert by_file == by_name, preset


def test_a_value_has_priority_over_the_preset():
    own = daemon_set(
        {
            "preset": "rke2",
            "auditLog": {"directory": "/srv/audit", "files": ["a.log"]},
            "daemonSet": {"tolerations": [{"key": "own", "operator": "Exists"}]},
        }
    )
    assert "--audit.log=/srv/audit/a.log" in container(own)["args"]
    assert own["spec"]["template"]["spec"]["tolerations"] == [{"key": "own", "operator": "Exists"}]
    assert own["spec"]["template"]["spec"]["securityContext"]["seLinuxOptions"] == {"type": "spc_t"}
    assert not [
        item
        for item in render({"preset": "openshift", "openshift": {"securityContextConstraints": False}})
        if item["kind"] == "SecurityContextConstraints"
    ]


def test_each_source_of_a_preset_is_named():
    for preset in PRESETS:
        text = (CHART / f"presets/{preset}.yaml").read_text()
        assert "# Source" in text, preset


def test_the_archive_renders_like_the_directory(tmp_path):
    archive = run(sys.executable, DEPLOY / "helm/package", tmp_path).strip()
    version = (ROOT / "VERSION").read_text().strip()
    assert archive == f"{tmp_path}/kube-audit-exporter-{version}.tgz"
    packaged = helm.Chart.load_archive(Path(archive).read_bytes())
    values = merged(IMAGE, EVERYTHING)
    assert packaged.render(values, name="a", namespace="b") == helm.Chart.load(CHART).render(
        values, name="a", namespace="b"
    )


def test_the_archive_of_a_commit_has_the_same_bytes_each_time(tmp_path):
    """Also in another clone, where the files have other times and modes."""
    clone = tmp_path / "clone"
    shutil.copytree(DEPLOY / "helm", clone / "deploy/helm")
    shutil.copy(ROOT / "LICENSE", clone)
    for path in clone.rglob("*.yaml"):
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    archives = [
        Path(run(sys.executable, root / "helm/package", tmp_path / name, env=environment).strip())
        for name, root in (("first", DEPLOY), ("second", clone / "deploy"))
    ]
    assert archives[0].read_bytes() == archives[1].read_bytes()


def test_the_versions_are_that_of_the_project():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["version"] == chart["appVersion"] == (ROOT / "VERSION").read_text().strip()


def test_generated_files_are_current():
    run(sys.executable, DEPLOY / "generate", "--check")


def test_the_schema_describes_each_value_and_refuses_unknown_ones():
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    values = yaml.safe_load((CHART / "values.yaml").read_text())

    def check(schema, value, path):
        assert set(schema["properties"]) - {"global"} == set(value), path
        assert schema["additionalProperties"] is False, path
        for key, child in value.items():
            own = schema["properties"][key]
            if "properties" in own and isinstance(child, dict) and child:
                check(own, child, f"{path}.{key}")
            else:
                assert len(own.get("description", "")) > 10, f"{path}.{key} has no description"

    check(schema, values, "values")


def test_objects_carry_the_release_and_the_namespace():
    for item in render(EVERYTHING, name="blue", namespace="audit"):
        assert item["metadata"]["name"].startswith(("blue-kube-audit-exporter", "audit-blue")), item["metadata"]
        assert item["metadata"].get("namespace", "audit") == "audit"
        assert item["metadata"]["labels"]["app.kubernetes.io/instance"] == "blue"
    names = [(item["kind"], item["metadata"]["name"]) for item in render(EVERYTHING)]
    assert len(names) == len(set(names))


def test_long_names_stay_within_the_limits_of_kubernetes():
    for item in render(EVERYTHING, name="r" * 53, namespace="n" * 20):
        if item["kind"] not in FOREIGN:
            assert len(item["metadata"]["name"]) <= 63 or item["kind"] == "ConfigMap", item["metadata"]["name"]


def test_services_have_names_that_kubernetes_takes():
    values = merged(WEBHOOK, {"monitoring": {"serviceMonitor": True}})
    for name in (
        "a",
        "platform-security-monitoring-production",
        "r" * 53,
        "a" * 46 + "-b",
        "kube-audit-exporter-" + "a" * 33,
    ):
        services = [item["metadata"]["name"] for item in render(values, name=name) if item["kind"] == "Service"]
        assert len(set(services)) == 3
        for service in services:
            assert re.fullmatch("[a-z]([-a-z0-9]*[a-z0-9])?", service) and len(service) <= 63, service
    with pytest.raises(helm.HelmError, match="fullnameOverride"):
        render(values, name="1st")
    assert render(values, {"fullnameOverride": "first"}, name="1st")
    assert render(name="1st")


def test_the_notes_say_what_to_do_next():
    def notes(*values):
        return templates(*values)["kube-audit-exporter/templates/NOTES.txt"]

    only_webhook_values = merged(WEBHOOK, {"daemonSet": {"enabled": False}})
    for preset in PRESETS:
        text = notes({"preset": preset})
        about = (CHART / f"presets/{preset}.txt").read_text()
        assert about.splitlines()[0] in text
        assert "kubectl -n security rollout status daemonset/kube-audit-exporter" in text
        assert "Prometheus does not scrape the exporter yet" in text
        assert max(len(line) for line in text.splitlines()) <= 132, preset
    assert "level: None" in notes({"preset": "rke2"})
    assert "401" in notes({"preset": "talos"})
    assert "does not scrape" not in notes({"monitoring": {"podMonitor": True}})
    assert "No alert rules" in notes({"monitoring": {"podMonitor": True}})
    assert "neither tlsConfig nor basicAuth" in notes(
        {"monitoring": {"podMonitor": True}, "web": {"existingSecret": "a"}}
    )
    assert "WARNING: webhook.insecure" in notes({"webhook": {"enabled": True, "insecure": True}})
    assert "two exporters count" in notes(WEBHOOK)
    # With several control planes, each pod is asked.
    assert "logs -l" in notes() and "for pod in" in notes()
    assert "seLinuxOptions.type=spc_t" in notes() and "seLinuxOptions.type" not in notes({"preset": "rke2"})
    for preset in PRESETS:
        has_policy = "audit-policy.yaml" in (CHART / f"presets/{preset}.txt").read_text()
        assert ("tar -xzOf kube-audit-exporter-" in notes({"preset": preset})) == has_policy
    for values in ({}, *({"preset": preset} for preset in PRESETS), EVERYTHING, only_webhook_values):
        text = notes(values)
        assert not [line for line in text.splitlines() if line != line.rstrip()] and "\n\n\n" not in text
    pods = {"directory": "/var/log/pods", "files": ["kube-system_kube-apiserver-*/kube-apiserver/*.log"]}
    for kind in ("cri", "docker"):
        text = notes({"auditLog": {**pods, "format": kind}})
        assert "--audit-log-path=-" in text and f"read as {kind}: /var/log/pods (kube-system_kube-apiserver-*" in text
        assert "must write an audit log to" not in text and "files/audit-policy.yaml" in text
        assert ("WARNING: with Docker" in text) == (kind == "docker")
    mounts = [{"name": "docker", "mountPath": "/var/lib/docker/containers"}]
    assert "WARNING: with Docker" not in notes({"auditLog": {**pods, "format": "docker"}, "extraVolumeMounts": mounts})
    shipped = notes({"auditLog": {"directory": "/srv/audit", "files": ["audit.log"], "format": "fluent-bit"}})
    assert "Another program must write" in shipped and "read as fluent-bit" in shipped
    assert "files/audit-policy.yaml" not in shipped and "must write an audit log" not in shipped
    only_webhook = notes(only_webhook_values)
    assert "rollout status daemonset" not in only_webhook
    assert "rollout status deployment/kube-audit-exporter-webhook" in only_webhook


def test_a_window_of_a_day_fits_the_default_retention():
    for window, retention in (("24h", "24h"), ("24h", "1d"), ("90m", "1h30m"), ("5m", "60m")):
        render({"exporter": {"window": window, "retention": retention}})


def test_two_releases_share_no_object():
    """Except the dashboards' and the rules' content, which concern all exporters."""
    names = [
        {(item["kind"], item["metadata"].get("namespace"), item["metadata"]["name"]) for item in objects}
        for objects in (
            render(EVERYTHING, name="blue"),
            render(EVERYTHING, name="green"),
            render(EVERYTHING, name="blue", namespace="other"),
        )
    ]
    assert not names[0] & names[1] and not names[0] & names[2]


def test_secrets_stay_out_of_pods_and_config_maps():
    objects = render(EVERYTHING)
    hashes = EVERYTHING["web"]["users"]["prometheus"]
    holders = [item["kind"] for item in objects if hashes in json.dumps(item)]
    assert holders == ["Secret"]
    assert yaml.safe_load(only(objects, "Secret")["stringData"]["web.yml"]) == {
        "basic_auth_users": {"prometheus": hashes},
        "tls_server_config": {
            "cert_file": "/etc/kube-audit-exporter/web-tls/tls.crt",
            "key_file": "/etc/kube-audit-exporter/web-tls/tls.key",
        },
    }


def test_the_examples_of_the_readme_are_valid_values():
    text = (CHART / "README.md").read_text()
    examples = [yaml.safe_load(part.split("```")[0]) for part in text.split("```yaml\n")[1:]]
    examples = [values for values in examples if "scrape_configs" not in values]
    assert len(examples) == 5
    for values in examples:
        if "web" in values:
            # The documented hash is shortened.
            values["web"]["users"] = {"prometheus": "$2y$10$" + "a" * 53}
        objects = render(values)
        validate(objects, KUBERNETES[-1])
        check_operator_types(objects)


def test_the_flags_of_the_readme_are_valid_values():
    text = (CHART / "README.md").read_text()
    commands = [part.split("```")[0] for part in text.split("```sh\n")[1:]]
    installs = [command for command in commands if "helm install" in command]
    assert len(installs) == 2
    for command in installs:
        values = {}
        for word in re.findall(r"--set (\S+)", command):
            values = merged(values, helm.parse_set_string(word.replace("REGISTRY", "registry.example.com")))
        assert values["image"]["repository"]
        validate(render(values), KUBERNETES[-1])


def test_the_readme_names_each_preset():
    text = (CHART / "README.md").read_text()
    for preset in PRESETS:
        values = yaml.safe_load((CHART / f"presets/{preset}.yaml").read_text())["auditLog"]
        assert f"| `{preset}` | `{values['directory']}/{values['files'][0]}` |" in text


def test_the_paths_are_those_of_the_documentation():
    text = (ROOT / "docs/platforms.md").read_text()
    for preset in PRESETS:
        values = yaml.safe_load((CHART / f"presets/{preset}.yaml").read_text())["auditLog"]
        # kubeadm has no path of its own.
        assert preset == "kubeadm" or f"`{values['directory']}/{values['files'][0]}`" in text


def test_the_notes_warn_of_a_memory_limit_below_the_formula_of_the_documentation():
    formula = "64 MiB + 11 KiB × (--source.limit + --source.claimed-limit) + 4 × --webhook.max-body-size"
    assert formula in (ROOT / "docs/sizing.md").read_text()

    def warnings(*values):
        text = templates(WEBHOOK, *values)["kube-audit-exporter/templates/NOTES.txt"]
        return re.findall(r"WARNING: (\w+)\.resources\.limits\.memory is (\S+)\.\s[^0-9]*need (\d+)Mi", text)

    assert warnings() == []
    mebibytes = 64 + -(-11 * (50000 + 1000) // 1024)
    assert warnings({"exporter": {"sourceLimit": 50000}}) == [
        ("daemonSet", "256Mi", str(mebibytes)),
        ("webhook", "384Mi", str(mebibytes + 128)),
    ]
    assert warnings({"webhook": {"maxBodySize": "64MiB"}}) == [("webhook", "384Mi", str(64 + 119 + 256))]
    limits = {"resources": {"limits": {"memory": "1Gi"}}}
    assert warnings({"exporter": {"sourceLimit": 50000}, "daemonSet": limits, "webhook": limits}) == []
    assert warnings({"daemonSet": {"resources": {"limits": {"memory": 100000000}}}}) == [
        ("daemonSet", "100000000", "183")
    ]
    assert warnings({"daemonSet": {"resources": {"limits": {"memory": None}}}}) == []


def test_the_policy_of_the_chart_is_that_of_kubeadm():
    assert (CHART / "files/audit-policy.yaml").read_text() == (DEPLOY / "kubeadm/audit-policy.yaml").read_text()


def test_the_memory_limits_are_those_of_the_documentation():
    text = (ROOT / "docs/sizing.md").read_text()
    for workload in render(WEBHOOK):
        if workload["kind"] in ("DaemonSet", "Deployment"):
            assert f"limit `memory: {container(workload)['resources']['limits']['memory']}`" in text
