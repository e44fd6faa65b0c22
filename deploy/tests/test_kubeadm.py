"""deploy/kubeadm: three ways to the same flags and mounts, and policies that log what the exporter needs."""

import pytest
import yaml
from engines import DEPLOY, KUBECTL, KUBERNETES, daemon_set, run, validate

KUBEADM = DEPLOY / "kubeadm"
POLICIES = ["audit-policy.yaml", "audit-policy-full.yaml"]

# As kubeadm writes it, without what does not matter here.
MANIFEST = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "kube-apiserver", "namespace": "kube-system"},
    "spec": {
        "containers": [
            {
                "name": "kube-apiserver",
                "image": "registry.k8s.io/kube-apiserver:v1.31.0",
                "command": ["kube-apiserver", "--anonymous-auth=true"],
                "volumeMounts": [{"name": "k8s-certs", "mountPath": "/etc/kubernetes/pki", "readOnly": True}],
            }
        ],
        "volumes": [{"name": "k8s-certs", "hostPath": {"path": "/etc/kubernetes/pki", "type": "DirectoryOrCreate"}}],
    },
}


def load(name):
    return yaml.safe_load((KUBEADM / name).read_text())


def patched(tmp_path):
    """The manifest after kubectl has applied the patch, as kubeadm does it."""
    manifest = tmp_path / "kube-apiserver.yaml"
    manifest.write_text(yaml.safe_dump(MANIFEST))
    patch = KUBEADM / "patches/kube-apiserver0+json.yaml"
    return yaml.safe_load(
        run(KUBECTL, "patch", "--local", "-f", manifest, "--type=json", "--patch-file", patch, "-o", "yaml")
    )


def test_all_ways_give_the_same_flags(tmp_path):
    older, newer = load("v1beta3.yaml"), load("v1beta4.yaml")
    assert older["apiVersion"] == "kubeadm.k8s.io/v1beta3" and newer["apiVersion"] == "kubeadm.k8s.io/v1beta4"
    flags = older["apiServer"]["extraArgs"]
    assert all(isinstance(value, str) for value in flags.values())
    assert flags == {item["name"]: item["value"] for item in newer["apiServer"]["extraArgs"]}
    assert all(
        set(item) == {"name", "value"} and isinstance(item["value"], str) for item in newer["apiServer"]["extraArgs"]
    )
    command = patched(tmp_path)["spec"]["containers"][0]["command"]
    assert command == [
        "kube-apiserver",
        "--anonymous-auth=true",
        *(f"--{name}={value}" for name, value in flags.items()),
    ]


def test_all_ways_give_the_same_mounts(tmp_path):
    older, newer = load("v1beta3.yaml")["apiServer"]["extraVolumes"], load("v1beta4.yaml")["apiServer"]["extraVolumes"]
    assert older == newer
    pod = patched(tmp_path)["spec"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    volumes = {volume["name"]: volume["hostPath"] for volume in pod["volumes"]}
    for item in newer:
        assert set(item) == {"name", "hostPath", "mountPath", "readOnly", "pathType"}
        assert volumes[item["name"]] == {"path": item["hostPath"], "type": item["pathType"]}
        assert mounts[item["name"]]["mountPath"] == item["mountPath"]
        assert mounts[item["name"]].get("readOnly", False) == item["readOnly"]


def test_the_patched_manifest_is_valid(tmp_path):
    for version in KUBERNETES:
        validate([patched(tmp_path)], version)


def test_the_paths_of_the_flags_are_mounted_and_are_those_of_the_chart():
    api = load("v1beta4.yaml")["apiServer"]
    flags = {item["name"]: item["value"] for item in api["extraArgs"]}
    mounted = {item["mountPath"]: item for item in api["extraVolumes"]}
    policy, log = (flags[name].rsplit("/", 1)[0] for name in ("audit-policy-file", "audit-log-path"))
    assert mounted[policy]["readOnly"] is True and mounted[log]["readOnly"] is False
    pod = daemon_set({"preset": "kubeadm"})["spec"]["template"]["spec"]
    assert f"--audit.log={flags['audit-log-path']}" in pod["containers"][0]["args"]
    text = (KUBEADM / "README.md").read_text()
    assert flags["audit-policy-file"] in text and log in text


# --- Policies


def level(policy, request):
    """The level at which the API server logs a request: that of the first rule that matches it."""
    user, groups, verb, path, resource = (request.get(key) for key in ("user", "groups", "verb", "path", "resource"))
    for rule in policy["rules"]:
        # A request whose credentials were rejected has neither user nor groups.
        if rule.get("users") and user not in rule["users"]:
            continue
        if rule.get("userGroups") and not set(rule["userGroups"]) & set(groups or []):
            continue
        if rule.get("verbs") and verb not in rule["verbs"]:
            continue
        if "resources" in rule:
            if resource is None or not any(
                resource[0] == item["group"] and resource[1] in item["resources"] for item in rule["resources"]
            ):
                continue
        if "nonResourceURLs" in rule:
            if resource is not None or not any(
                path == pattern or (pattern.endswith("*") and path.startswith(pattern[:-1]))
                for pattern in rule["nonResourceURLs"]
            ):
                continue
        return rule["level"]
    return "None"


ANONYMOUS = {"user": "system:anonymous", "groups": ["system:unauthenticated"]}
ADMIN = {"user": "kubernetes-admin", "groups": ["kubeadm:cluster-admins", "system:authenticated"]}
NODE = {"user": "system:node:a", "groups": ["system:nodes", "system:authenticated"]}
TARGETS = [
    {"verb": verb, "path": path, "resource": resource}
    for verb in ("get", "list", "watch", "create", "update", "delete")
    for path, resource in [
        ("/", None),
        ("/healthz", None),
        ("/livez/ping", None),
        ("/version", None),
        ("/openapi/v2", None),
        ("/api", None),
        ("/api/v1/secrets", ("", "secrets")),
        ("/api/v1/nodes", ("", "nodes")),
        ("/api/v1/endpoints", ("", "endpoints")),
        ("/api/v1/events", ("", "events")),
        ("/apis/coordination.k8s.io/v1/leases", ("coordination.k8s.io", "leases")),
    ]
]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_logs_every_request_without_valid_credentials(name):
    policy = load(name)
    for target in TARGETS:
        assert level(policy, {**ANONYMOUS, **target}) == "Metadata", target
        # 401: neither user nor groups.
        assert level(policy, target) == "Metadata", target


def test_the_small_policy_logs_nothing_else():
    server = {"user": "system:apiserver", "groups": ["system:masters"]}
    for identity in (ADMIN, NODE, server):
        for target in TARGETS:
            assert level(load("audit-policy.yaml"), {**identity, **target}) == "None"


def test_the_full_policy_logs_what_users_do():
    policy = load("audit-policy-full.yaml")
    secrets = {"verb": "get", "path": "/api/v1/secrets", "resource": ("", "secrets")}
    assert level(policy, {**ADMIN, **secrets}) == "Metadata"
    assert level(policy, {**NODE, **secrets}) == "Metadata"
    heartbeat = {
        "verb": "update",
        "path": "/apis/coordination.k8s.io/v1/leases",
        "resource": ("coordination.k8s.io", "leases"),
    }
    assert level(policy, {**NODE, **heartbeat}) == "None"
    assert level(policy, {**ADMIN, **heartbeat}) == "Metadata"


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_has_the_form_that_the_api_server_accepts(name):
    policy = load(name)
    assert (policy["apiVersion"], policy["kind"]) == ("audit.k8s.io/v1", "Policy")
    # A 401 has no other stage than ResponseStarted.
    assert policy["omitStages"] == ["RequestReceived"]
    for rule in policy["rules"]:
        assert set(rule) <= {
            "level",
            "users",
            "userGroups",
            "verbs",
            "resources",
            "namespaces",
            "nonResourceURLs",
            "omitStages",
        }
        # Requests with content could have secrets.
        assert rule["level"] in ("None", "Metadata")
        assert not ("resources" in rule and "nonResourceURLs" in rule)
        for url in rule.get("nonResourceURLs", []):
            assert url.startswith("/") and "*" not in url[:-1]


def test_the_small_policy_is_that_of_the_documentation():
    text = (DEPLOY.parent / "docs/audit-policy.md").read_text()
    documented = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    assert documented == load("audit-policy.yaml")
