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
    failure,
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


# Each wrong value, and what the error must name.
WRONG = {
    "the image is missing": ({"image": {"repository": ""}}, ["image.repository"]),
    "an unknown preset": ({"preset": "eks"}, ["preset", "kubeadm", "openshift"]),
    "a key with a typing error": ({"auditlog": {"directory": "/var/log"}}, ["auditlog"]),
    "a key below another with a typing error": ({"auditLog": {"dir": "/var/log"}}, ["auditLog", "dir"]),
    "a relative directory": ({"auditLog": {"directory": "var/log/audit"}}, ["auditLog", "directory"]),
    "a path as name of a log": ({"auditLog": {"files": ["/var/log/audit.log"]}}, ["auditLog", "files"]),
    "an unknown access": ({"auditLog": {"access": "sudo"}}, ["auditLog", "access"]),
    "a group without its number": ({"auditLog": {"access": "group"}}, ["auditLog.group"]),
    "a number without a group": ({"auditLog": {"group": 990}}, ["auditLog.group", "auditLog.access"]),
    "a duration without a unit": ({"auditLog": {"from": "60"}}, ["auditLog", "from"]),
    "a port out of range": ({"web": {"port": 70000}}, ["web", "port"]),
    "a threshold of zero": ({"exporter": {"threshold": 0}}, ["exporter", "threshold"]),
    "a threshold as text": ({"exporter": {"threshold": "5"}}, ["exporter", "threshold"]),
    "a window in seconds": ({"exporter": {"window": "3600s"}}, ["exporter", "window"]),
    "a window that is too long": (
        {"exporter": {"window": "25h", "retention": "2d"}},
        ["exporter.window", "25h"],
    ),
    "a window beyond a short retention": (
        {"exporter": {"window": "2h", "retention": "1h30m"}},
        ["exporter.window (2h)", "exporter.retention (1h30m)"],
    ),
    "a retention of minutes": ({"exporter": {"retention": "30m"}}, ["exporter.retention", "1h"]),
    "a log in the directory of the state": (
        {"auditLog": {"directory": "/var/lib/kube-audit-exporter"}},
        ["auditLog.directory", "state"],
    ),
    "one directory for the log and the state": (
        {"state": {"directory": "/var/log/kubernetes/audit"}},
        ["auditLog.directory", "state.directory"],
    ),
    "two pods on a node": (
        {"daemonSet": {"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}},
        ["daemonSet.updateStrategy", "maxSurge"],
    ),
    "two servers on a port": (
        merged(WEBHOOK, {"web": {"port": 9000}, "webhook": {"port": 9000}}),
        ["web.port", "webhook.port", "9000"],
    ),
    "a placeholder as registry": ({"image": {"repository": "REGISTRY/kube-audit-exporter"}}, ["/image/repository"]),
    "a password in clear text": ({"web": {"users": {"prometheus": "secret"}}}, ["users", "prometheus"]),
    "a proxy that is no network": ({"exporter": {"trustedProxies": ["proxy.example.com"]}}, ["trustedProxies"]),
    "a filter with an unknown key": (
        {"exporter": {"filters": [{"name": "a", "user_agent": "b"}]}},
        ["filters", "user_agent"],
    ),
    "a flag without dashes": ({"exporter": {"extraArgs": ["web.enable-lifecycle"]}}, ["exporter.extraArgs"]),
    "a webhook for everyone": ({"webhook": {"enabled": True}}, ["webhook.tls.secretName", "webhook.insecure"]),
    "nothing to install": ({"daemonSet": {"enabled": False}}, ["daemonSet.enabled", "webhook.enabled"]),
    "two web configurations": ({"web": {"existingSecret": "a", "tls": {"secretName": "b"}}}, ["web.existingSecret"]),
    "client certificates without TLS": (
        {"web": {"tls": {"requireClientCertificate": True}}},
        ["web.tls.requireClientCertificate", "web.tls.secretName"],
    ),
    "http probes without the password": (
        {"web": {"users": {"a": "$2b$10$" + "a" * 53}}, "probes": {"type": "http"}},
        ["probes.authorization"],
    ),
    "two monitors": (
        {"monitoring": {"podMonitor": True, "serviceMonitor": True}},
        ["monitoring.podMonitor", "monitoring.serviceMonitor"],
    ),
    "an unknown receiver": (
        {"monitoring": {"alertmanagerConfig": {"receivers": {"pager": {}}}}},
        ["receivers", "pager"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_the_wrong_value(case):
    values, names = WRONG[case]
    message = failure(values)
    for name in names:
        assert name in message, message


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


def test_the_notes_say_what_to_do_next():
    def notes(*values):
        return templates(*values)["kube-audit-exporter/templates/NOTES.txt"]

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
    only_webhook = notes(WEBHOOK, {"daemonSet": {"enabled": False}})
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
    assert len(examples) == 3
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


def test_the_memory_limits_are_those_of_the_documentation():
    text = (ROOT / "docs/sizing.md").read_text()
    for workload in render(WEBHOOK):
        if workload["kind"] in ("DaemonSet", "Deployment"):
            assert f"limit `memory: {container(workload)['resources']['limits']['memory']}`" in text
