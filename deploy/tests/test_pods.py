"""What the pods may do, how they are replaced, and how the kubelet asks for their health."""

import pytest
import yaml
from engines import CHART, EVERYTHING, PRESETS, WEBHOOK, container, daemon_set, only, render

USERS = {"users": {"prometheus": "$2b$10$" + "a" * 53}}


def violations(pod, level):
    """What a pod violates of a Pod Security Standard (baseline or restricted), as far as this chart can set it."""
    found = []
    spec = pod["spec"]
    context = spec.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(name):
            found.append(name)
    allowed = {
        "configMap",
        "secret",
        "emptyDir",
        "persistentVolumeClaim",
        "projected",
        "downwardAPI",
        "csi",
        "ephemeral",
    }
    for volume in spec.get("volumes", []):
        kind = next(key for key in volume if key != "name")
        if kind == "hostPath" or (level == "restricted" and kind not in allowed):
            found.append(f"volume {kind}")
    if context.get("seLinuxOptions", {}).get("type", "container_t") not in ("container_t", "container_logreader_t"):
        found.append("seLinuxOptions")
    for item in spec["containers"]:
        own = item["securityContext"]
        added = own.get("capabilities", {}).get("add", [])
        found += [f"capability {name}" for name in added]
        if own.get("privileged"):
            found.append("privileged")
        if level == "restricted":
            if own.get("allowPrivilegeEscalation") is not False:
                found.append("allowPrivilegeEscalation")
            if own.get("capabilities", {}).get("drop") != ["ALL"]:
                found.append("capabilities")
            if not own.get("runAsNonRoot", context.get("runAsNonRoot")):
                found.append("runAsNonRoot")
            if own.get("runAsUser", context.get("runAsUser")) == 0:
                found.append("runAsUser")
            if own.get("seccompProfile", context.get("seccompProfile", {})).get("type") != "RuntimeDefault":
                found.append("seccompProfile")
    return found


@pytest.mark.parametrize("preset", PRESETS)
def test_a_pod_of_a_preset_has_no_more_rights_than_it_needs(preset):
    template = daemon_set({"preset": preset})["spec"]["template"]
    beyond = set(violations(template, "restricted"))
    # Directories of the node, and root to read a log of root.
    expected = {"volume hostPath", "runAsNonRoot", "runAsUser"}
    if preset == "talos":
        expected.add("capability DAC_READ_SEARCH")
    if preset in ("rke2", "k3s", "openshift"):
        expected.add("seLinuxOptions")
    assert beyond == expected
    spec = template["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["hostNetwork"] is False
    context = spec["containers"][0]["securityContext"]
    assert context["readOnlyRootFilesystem"] is True
    assert context["runAsUser"] == context["runAsGroup"] == 0


def test_with_a_group_the_pod_is_no_root():
    spec = daemon_set({"auditLog": {"access": "group", "group": 990}})["spec"]["template"]["spec"]
    context = spec["containers"][0]["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"]) == (65532, 65532, True)
    assert spec["securityContext"]["supplementalGroups"] == [990]
    assert context["capabilities"] == {"drop": ["ALL"]}


def test_the_webhook_needs_no_rights_at_all():
    deployment = only(render(WEBHOOK), "Deployment")
    assert violations(deployment["spec"]["template"], "restricted") == []
    spec = deployment["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("preset", PRESETS)
def test_the_directory_of_the_log_is_mounted_read_only_under_its_own_path(preset):
    values = yaml.safe_load((CHART / f"presets/{preset}.yaml").read_text())
    pod = daemon_set({"preset": preset})["spec"]["template"]["spec"]
    directory = values["auditLog"]["directory"]
    mounts = {mount["name"]: mount for mount in pod["containers"][0]["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert mounts["audit-log"] == {"name": "audit-log", "mountPath": directory, "readOnly": True}
    assert volumes["audit-log"]["hostPath"] == {"path": directory, "type": "Directory"}
    assert not any("subPath" in mount for mount in mounts.values())
    # Of all mounts, only the state can be written.
    assert [name for name, mount in mounts.items() if not mount.get("readOnly")] == ["state"]
    assert volumes["state"]["hostPath"]["type"] == "DirectoryOrCreate"
    assert [arg for arg in pod["containers"][0]["args"] if arg.startswith("--audit.log=")] == [
        f"--audit.log={directory}/{name}" for name in values["auditLog"]["files"]
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_the_pods_run_on_control_plane_nodes_only(preset):
    spec = daemon_set({"preset": preset})["spec"]["template"]["spec"]
    terms = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    labels = {expression["key"] for term in terms for expression in term["matchExpressions"]}
    assert "node-role.kubernetes.io/control-plane" in labels
    # The value of the label is "" or "true", depending on the distribution.
    assert all(expression["operator"] == "Exists" for term in terms for expression in term["matchExpressions"])
    tolerated = {toleration["key"] for toleration in spec["tolerations"]}
    assert "node-role.kubernetes.io/control-plane" in tolerated
    # A toleration without an effect tolerates NoSchedule and NoExecute.
    assert all("effect" not in toleration for toleration in spec["tolerations"])


def test_a_pod_stops_before_its_successor_starts():
    strategy = daemon_set()["spec"]["updateStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    deployment = only(render(WEBHOOK), "Deployment")["spec"]
    assert deployment["strategy"] == {"type": "Recreate"}
    assert deployment["replicas"] == 1


def probes(*values):
    for workload in [item for item in render(*values) if item["kind"] in ("DaemonSet", "Deployment")]:
        yield from (container(workload)[name] for name in ("readinessProbe", "livenessProbe"))


def test_probes_ask_for_readiness_and_health():
    ready, healthy = probes()
    assert ready["httpGet"] == {"path": "/-/ready", "port": "web", "scheme": "HTTP"}
    assert healthy["httpGet"] == {"path": "/-/healthy", "port": "web", "scheme": "HTTP"}


def test_probes_use_tls_with_a_certificate():
    for probe in probes({"web": {"tls": {"secretName": "web-tls"}}}):
        assert probe["httpGet"]["scheme"] == "HTTPS"


@pytest.mark.parametrize(
    "web",
    [
        USERS,
        {"config": {"basic_auth_users": {"a": "b"}}},
        {"existingSecret": "web"},
        {"tls": {"secretName": "web-tls", "requireClientCertificate": True}},
    ],
)
def test_probes_only_connect_where_the_kubelet_has_no_credentials(web):
    for probe in probes(WEBHOOK, {"web": web}):
        assert probe["tcpSocket"] == {"port": "web"}
        assert "httpGet" not in probe


def test_probes_use_the_password_that_they_are_given():
    for probe in probes({"web": USERS, "probes": {"authorization": "Basic cHJvYmU6c2VjcmV0"}}):
        assert probe["httpGet"]["httpHeaders"] == [{"name": "Authorization", "value": "Basic cHJvYmU6c2VjcmV0"}]


def test_a_network_policy_allows_the_ports_and_nothing_else():
    objects = render(WEBHOOK, {"networkPolicy": {"webhookFrom": [{"ipBlock": {"cidr": "192.0.2.0/28"}}]}})
    for policy in (only(objects, "NetworkPolicy", "exporter"), only(objects, "NetworkPolicy", "webhook")):
        assert policy["spec"]["policyTypes"] == ["Ingress", "Egress"]
        assert "egress" not in policy["spec"]
    log, webhook = only(objects, "NetworkPolicy", "exporter"), only(objects, "NetworkPolicy", "webhook")
    assert log["spec"]["ingress"] == [{"ports": [{"port": "web"}]}]
    assert webhook["spec"]["ingress"] == [
        {"ports": [{"port": "web"}]},
        {"ports": [{"port": "webhook"}], "from": [{"ipBlock": {"cidr": "192.0.2.0/28"}}]},
    ]
    pods = {
        item["metadata"]["name"]: item["spec"]["template"]["metadata"]["labels"]
        for item in objects
        if item["kind"] in ("DaemonSet", "Deployment")
    }
    for policy in (log, webhook):
        selected = policy["spec"]["podSelector"]["matchLabels"].items()
        assert [name for name, labels in pods.items() if selected <= labels.items()] == [policy["metadata"]["name"]]


def test_services_select_the_webhook_only():
    objects = render(WEBHOOK)
    service = only(objects, "Service", "-webhook")
    pods = [item for item in objects if item["kind"] in ("DaemonSet", "Deployment")]
    selected = [
        item["kind"]
        for item in pods
        if service["spec"]["selector"].items() <= item["spec"]["template"]["metadata"]["labels"].items()
    ]
    assert selected == ["Deployment"]


def test_each_mount_has_a_volume():
    for workload in [item for item in render(EVERYTHING) if item["kind"] in ("DaemonSet", "Deployment")]:
        spec = workload["spec"]["template"]["spec"]
        volumes = [volume["name"] for volume in spec["volumes"]]
        mounts = [mount["name"] for mount in spec["containers"][0]["volumeMounts"]]
        assert sorted(volumes) == sorted(mounts), workload["kind"]
        assert len(volumes) == len(set(volumes))


def test_openshift_allows_the_pods_what_they_ask_for():
    for access, capabilities in (("root", []), ("capability", ["DAC_READ_SEARCH"])):
        objects = render({"preset": "openshift", "auditLog": {"access": access}})
        constraints = only(objects, "SecurityContextConstraints")
        spec = only(objects, "DaemonSet")["spec"]["template"]["spec"]
        kinds = {next(key for key in volume if key != "name") for volume in spec["volumes"]}
        assert kinds <= set(constraints["volumes"])
        assert constraints["allowedCapabilities"] == capabilities
        added = spec["containers"][0]["securityContext"]["capabilities"].get("add", [])
        assert added == capabilities
        assert not set(added) & set(constraints["requiredDropCapabilities"])
        assert not (added and "ALL" in constraints["requiredDropCapabilities"])
        assert constraints["allowPrivilegedContainer"] is False
        # The pods' account may use it, by a role in its namespace.
        role, binding = only(objects, "Role"), only(objects, "RoleBinding")
        assert role["rules"][0]["resourceNames"] == [constraints["metadata"]["name"]]
        assert binding["subjects"][0]["name"] == spec["serviceAccountName"]


def test_the_url_has_the_name_of_the_node():
    own = container(daemon_set({"exporter": {"externalURL": "https://audit.example.com/$(NODE_NAME)"}}))
    assert "--web.external-url=https://audit.example.com/$(NODE_NAME)" in own["args"]
    assert {"name": "NODE_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}} in own["env"]


def test_large_numbers_are_written_in_full():
    args = container(daemon_set({"exporter": {"sourceLimit": 2000000}}))["args"]
    assert "--source.limit=2000000" in args
