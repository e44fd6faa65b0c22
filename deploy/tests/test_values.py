"""Wrong values: each gives an error that names it. And what follows from values that depend on each other."""

import json

import pytest
from engines import WEBHOOK, container, daemon_set, failure, merged, only, render, templates

# Each wrong value, and what the error must name.
WRONG = {
    "the image is missing": ({"image": {"repository": ""}}, ["image.repository"]),
    "an unknown preset": ({"preset": "eks"}, ["preset", "kubeadm", "openshift"]),
    "a key with a typing error": ({"auditlog": {"directory": "/var/log"}}, ["auditlog"]),
    "a key below another with a typing error": ({"auditLog": {"dir": "/var/log"}}, ["auditLog", "dir"]),
    "a relative directory": ({"auditLog": {"directory": "var/log/audit"}}, ["auditLog", "directory"]),
    "an absolute path of a log": ({"auditLog": {"files": ["/var/log/audit.log"]}}, ["auditLog", "files"]),
    "a path of a log out of its directory": ({"auditLog": {"files": ["a/../../b"]}}, ["auditLog", "files"]),
    "a path of a log that ends in a slash": ({"auditLog": {"files": ["a/"]}}, ["auditLog", "files"]),
    "the logs of all containers": (
        {"auditLog": {"directory": "/var/log/pods", "files": ["*"], "format": "cri"}},
        ["auditLog.files", '"*"', "kube-system_kube-apiserver-*/kube-apiserver/*.log"],
    ),
    "the logs of all pods of a namespace": (
        {"auditLog": {"directory": "/var/log/pods", "files": ["kube-system_*/kube-apiserver/*.log"], "format": "cri"}},
        ["auditLog.files", "NAMESPACE_POD"],
    ),
    "the logs of all containers of a pod": (
        {"auditLog": {"directory": "/var/log", "files": ["pods/a_b-*/*/*.log"], "format": "cri"}},
        ["auditLog.files", "CONTAINER"],
    ),
    "the log of a container without its format": (
        {"auditLog": {"directory": "/var/log/pods", "files": ["a_b-*/c/*.log"]}},
        ["auditLog.format", "cri", "docker"],
    ),
    "links to the logs of containers": (
        {"auditLog": {"directory": "/var/log/containers", "files": ["kube-apiserver-*.log"], "format": "cri"}},
        ["auditLog", "/var/log/containers", "/var/log/pods"],
    ),
    "the directory of Docker": (
        {"auditLog": {"directory": "/var/lib/docker/containers", "files": ["*/*-json.log"], "format": "docker"}},
        ["auditLog", "/var/lib/docker/containers", "/var/log/pods"],
    ),
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
    "a placeholder as registry": ({"image": {"repository": "REGISTRY/kube-audit-exporter"}}, ["image.repository"]),
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
    "an unknown alert": (
        {"monitoring": {"prometheusRule": {"disabledAlerts": ["KubeAuditNoEvent"]}}},
        ["disabledAlerts", '"KubeAuditNoEvent"', "KubeAuditNoEvents"],
    ),
    "a filter for everyone": (
        {"exporter": {"filters": [{"name": "a", "verbs": ["get"]}]}},
        ["filters[0] (a)", "user_agents"],
    ),
    "a filter without values": (
        {"exporter": {"filters": [{"name": "a", "networks": []}]}},
        ["filters[0] (a).networks"],
    ),
    "a filter with a wrong network": (
        {"exporter": {"filters": [{"name": "a", "networks": ["10.0.0.0/77"]}]}},
        ["filters[0] (a).networks", "10.0.0.0/77"],
    ),
    "two filters of a name": (
        {"exporter": {"filters": [{"name": "a", "networks": ["10.0.0.1"]}] * 2}},
        ["filters[1] (a)", "two filters"],
    ),
    "an unknown outcome": (
        {"exporter": {"filters": [{"name": "a", "networks": ["10.0.0.1"], "outcomes": ["denied"]}]}},
        ["filters", "outcomes"],
    ),
    "an unknown key of the web configuration": (
        {"web": {"config": {"rate_limits": {}}}},
        ["web/config", "rate_limits"],
    ),
    "an unknown key of TLS": ({"web": {"config": {"tls_server_config": {"cert_fil": "a"}}}}, ["cert_fil"]),
    "bodies without a size": (merged(WEBHOOK, {"webhook": {"maxBodySize": "0"}}), ["webhook.maxBodySize", "32MiB"]),
    "small bodies": (merged(WEBHOOK, {"webhook": {"maxBodySize": "1023"}}), ["webhook.maxBodySize", "1KiB"]),
    "huge bodies": (merged(WEBHOOK, {"webhook": {"maxBodySize": "1025MiB"}}), ["webhook.maxBodySize", "1024MiB"]),
    "a flag with a space": ({"exporter": {"extraArgs": ["--source.limit 5"]}}, ["exporter.extraArgs", "--flag=value"]),
    "an unknown flag": ({"exporter": {"extraArgs": ["--nonsense=1"]}}, ["exporter.extraArgs", "--nonsense"]),
    "a flag that a value sets": (
        {"exporter": {"extraArgs": ["--source.limit=5"]}},
        ["exporter.extraArgs", "exporter.sourceLimit"],
    ),
    "a flag without its value": ({"exporter": {"extraArgs": ["--web.telemetry-path"]}}, ["--web.telemetry-path=value"]),
    "a switch with a value": ({"exporter": {"extraArgs": ["--web.enable-lifecycle=true"]}}, ["takes no value"]),
    "the parent of the log's directory": ({"auditLog": {"directory": "/var/log/../log"}}, ["auditLog.directory", ".."]),
    "a state in the root directory": ({"state": {"directory": "/"}}, ["state.directory", "/"]),
    "a state in a directory of the system": ({"state": {"directory": "/etc/audit"}}, ["state.directory", "/etc"]),
    "an endpoint with a typing error": ({"monitoring": {"endpoint": {"tlsconfig": {}}}}, ["endpoint", "tlsconfig"]),
    "a receiver with a typing error": (
        {"monitoring": {"alertmanagerConfig": {"receivers": {"platform": {"slackConfig": []}}}}},
        ["receivers", "slackConfig"],
    ),
    "a toleration with a typing error": (
        {"daemonSet": {"tolerations": [{"oprator": "Exists"}]}},
        ["tolerations", "oprator"],
    ),
    "SELinux options with a typing error": (
        {"daemonSet": {"seLinuxOptions": {"tpye": "spc_t"}}},
        ["seLinuxOptions", "tpye"],
    ),
    "a peer with a typing error": (
        {"networkPolicy": {"metricsFrom": [{"podSelectors": {}}]}},
        ["metricsFrom", "podSelectors"],
    ),
    "memory without a unit of Kubernetes": (
        {"daemonSet": {"resources": {"limits": {"memory": "256MiB"}}}},
        ["resources", "memory"],
    ),
    "a probe with a typing error": ({"probes": {"liveness": {"periodSecond": 1}}}, ["liveness", "periodSecond"]),
    "a node port of a ClusterIP": (
        merged(WEBHOOK, {"webhook": {"service": {"nodePort": 30000}}}),
        ["webhook.service.nodePort", "webhook.service.type"],
    ),
    "a cluster IP that is a name": (merged(WEBHOOK, {"webhook": {"service": {"clusterIP": "audit"}}}), ["clusterIP"]),
    "an unknown update strategy": ({"daemonSet": {"updateStrategy": {"type": "Rolling"}}}, ["updateStrategy", "type"]),
    "no pod may be replaced": (
        {"daemonSet": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}},
        ["daemonSet.updateStrategy.rollingUpdate.maxUnavailable"],
    ),
    "a name with capitals": ({"fullnameOverride": "My-Exporter"}, ["fullnameOverride", "lower case"]),
    "a chart's name with capitals": ({"nameOverride": "My_Exporter"}, ["nameOverride", "lower case"]),
    "a label of the chart": (
        {"commonLabels": {"app.kubernetes.io/name": "a"}},
        ["commonLabels", "app.kubernetes.io/name"],
    ),
    "a label that selects the pods": (
        {"daemonSet": {"podLabels": {"app.kubernetes.io/component": "a"}}},
        ["daemonSet.podLabels", "app.kubernetes.io/component"],
    ),
    "a label with a space": (
        {"monitoring": {"labels": {"release": "a b"}}},
        ["monitoring.labels.release", "at most 63"],
    ),
    "a variable of the chart": ({"extraEnv": [{"name": "NODE_NAME", "value": "a"}]}, ["extraEnv", "NODE_NAME"]),
    "a volume of the chart": ({"extraVolumes": [{"name": "state", "emptyDir": {}}]}, ["extraVolumes", "state"]),
    "a retention with the units out of order": ({"exporter": {"retention": "30m2h"}}, ["exporter.retention", "1h30m"]),
    "names of clients without TLS": (
        {"webhook": {"enabled": True, "insecure": True, "tls": {"clientAllowedSANs": ["a"]}}},
        ["webhook.tls.clientAllowedSANs", "webhook.tls.secretName"],
    ),
    # Helm deletes a default whose value is null.
    "no preset": ({"preset": None}, ["preset"]),
    "no web": ({"web": None}, ["web"]),
    "no audit log": ({"auditLog": None}, ["auditLog"]),
    "no resources": ({"daemonSet": {"resources": None}}, ["daemonSet", "resources"]),
    "no window": ({"exporter": {"window": None}}, ["exporter", "window"]),
}
SYSTEM = [
    "/",
    "/usr",
    "/usr/bin",
    "/lib",
    "/etc",
    "/etc/kubernetes/audit",
    "/proc",
    "/dev",
    "/bin",
    "/sbin",
    "/sys",
    "/var/lib",
]


@pytest.mark.parametrize("directory", SYSTEM)
def test_a_directory_of_the_system_is_no_directory_for_logs(directory):
    message = failure({"auditLog": {"directory": directory}})
    assert f"auditLog.directory: {directory} " in message


def test_a_log_of_a_container_is_below_its_directory():
    pods = "kube-system_kube-apiserver-*/kube-apiserver/*.log"
    values = {"auditLog": {"directory": "/var/log/pods", "files": [pods], "format": "cri"}}
    own = container(daemon_set(values))
    assert f"--audit.log=/var/log/pods/{pods}" in own["args"]
    assert "--audit.format=cri" in own["args"]
    assert [mount for mount in own["volumeMounts"] if mount["mountPath"] == "/var/log/pods" and mount["readOnly"]]


def test_a_directory_may_end_with_a_slash():
    values = {"auditLog": {"directory": "/srv/audit//"}, "state": {"directory": "/srv/state/"}}
    workload = daemon_set(values)
    assert "--audit.log=/srv/audit/audit.log" in container(workload)["args"]
    paths = {volume["name"]: volume["hostPath"]["path"] for volume in workload["spec"]["template"]["spec"]["volumes"]}
    assert paths == {"audit-log": "/srv/audit", "state": "/srv/state"}
    assert "auditLog.directory" in failure({"auditLog": {"directory": "/var/lib/kube-audit-exporter//"}})


def test_errors_show_the_wanted_form_and_no_regular_expression():
    """For the values that people type by hand."""
    for values in (
        {"auditLog": {"directory": "logs", "from": "yesterday"}},
        {"auditLog": {"from": "yesterday"}},
        {"auditLog": {"files": ["/a"]}},
        {"state": {"directory": "logs"}},
        {"exporter": {"window": "1 h"}},
        {"exporter": {"retention": "24 h"}},
        {"exporter": {"trustedProxies": ["proxy"]}},
        {"image": {"repository": "https://registry.example.com/a"}},
        {"web": {"users": {"a": "secret"}}},
        merged(WEBHOOK, {"webhook": {"maxBodySize": "32MB"}}),
        merged(WEBHOOK, {"webhook": {"externalURL": "audit.example.com"}}),
        merged(WEBHOOK, {"webhook": {"persistence": {"size": "lots"}}}),
        merged(WEBHOOK, {"webhook": {"service": {"clusterIP": "10.0.0.0/8"}}}),
        {"image": {"digest": "sha256:abc"}},
        {"exporter": {"externalURL": "audit.example.com"}},
        {"monitoring": {"interval": "30"}},
        {"monitoring": {"prometheusRule": {"runbookURL": "https://git.example.com/main"}}},
    ):
        message = failure(values)
        assert "must be" in message and "^" not in message and "pattern" not in message, message


def test_labels_that_are_given_twice_are_written_once():
    values = {
        "commonLabels": {"team": "platform", "release": "a"},
        "monitoring": {
            "podMonitor": True,
            "labels": {"release": "b"},
            "dashboards": {"enabled": True, "labels": {"release": "c"}},
            "alertmanagerConfig": {"enabled": True, "labels": {"release": "d"}},
        },
    }
    for path, text in templates(values).items():
        for document in text.split("\n---\n") if path.endswith(".yaml") else []:
            keys = [
                line for line in document.split("\nspec:")[0].split("\ndata:")[0].splitlines() if "release:" in line
            ]
            assert len(keys) <= 1, document
    objects = render(values)
    labels = {item["kind"]: item["metadata"]["labels"]["release"] for item in objects}
    assert labels["DaemonSet"] == "a" and labels["PodMonitor"] == "b"
    assert labels["ConfigMap"] == "c" and labels["AlertmanagerConfig"] == "d"
    assert {item["metadata"]["labels"]["team"] for item in objects} == {"platform"}


# Web configurations, and what the kubelet and Prometheus need: scheme, and whether probes can use http.
CERTIFICATE = {"cert_file": "/a.crt", "key_file": "/a.key"}
SECRET = {"tls": {"secretName": "a"}}
REQUIRED = ["RequireAnyClientCert", "RequireClientCert", "RequireAndVerifyClientCert"]
USERS = {"a": "$2b$10$" + "a" * 53}
WEB = {
    "nothing": ({}, "http", "http"),
    "TLS from a Secret": (SECRET, "https", "http"),
    "client certificates": ({"tls": {"secretName": "a", "requireClientCertificate": True}}, "https", "tcp"),
    "users": ({"users": USERS}, "http", "tcp"),
    "users in the configuration": ({"config": {"basic_auth_users": USERS}}, "http", "tcp"),
    "TLS from files": ({"config": {"tls_server_config": CERTIFICATE}}, "https", "http"),
    "TLS in the configuration": ({"config": {"tls_server_config": {"cert": "a", "key": "b"}}}, "https", "http"),
    "other settings of TLS": (
        merged(SECRET, {"config": {"tls_server_config": {"min_version": "TLS13"}}}),
        "https",
        "http",
    ),
    "a limit of requests": ({"config": {"rate_limit": {"interval": "1s", "burst": 9}}}, "http", "http"),
    "users and TLS from files": ({"users": USERS, "config": {"tls_server_config": CERTIFICATE}}, "https", "tcp"),
    "a file of one's own": ({"existingSecret": "a"}, "http", "tcp"),
    "a file of one's own with TLS": ({"existingSecret": "a", "scheme": "https"}, "https", "tcp"),
    **{
        f"{kind} with {name}": (
            merged(given, {"config": {"tls_server_config": {"client_auth_type": kind}}}),
            "https",
            "tcp" if kind in REQUIRED else "http",
        )
        for kind in [*REQUIRED, "NoClientCert", "RequestClientCert", "VerifyClientCertIfGiven"]
        for name, given in (("a Secret", SECRET), ("files", {"config": {"tls_server_config": CERTIFICATE}}))
    },
}


@pytest.mark.parametrize("case", WEB)
def test_probes_and_monitors_follow_the_web_configuration(case):
    web, scheme, kind = WEB[case]
    objects = render(WEBHOOK, {"web": web, "monitoring": {"podMonitor": True}})
    for workload in ("DaemonSet", "Deployment"):
        for probe in ("readinessProbe", "livenessProbe"):
            own = container(only(objects, workload))[probe]
            assert ("httpGet" in own, "tcpSocket" in own) == (kind == "http", kind == "tcp")
            assert kind == "tcp" or own["httpGet"]["scheme"] == scheme.upper()
    for item in objects:
        if item["kind"] == "PodMonitor":
            assert item["spec"]["podMetricsEndpoints"][0]["scheme"] == scheme
    if kind == "tcp" and "existingSecret" not in web:
        assert "probes.type is http" in failure({"web": web, "probes": {"type": "http"}})
    # A password that the kubelet sends, but never a certificate.
    authorized = container(daemon_set({"web": web, "probes": {"authorization": "Basic YTpi"}}))["livenessProbe"]
    has_certificate = any(
        name in json.dumps(web) for name in REQUIRED
    ) or '"requireClientCertificate": true' in json.dumps(web)
    assert ("httpGet" in authorized) == (not has_certificate and "existingSecret" not in web)


@pytest.mark.parametrize(
    "web, names",
    [
        ({"scheme": "https"}, ["web.scheme", "web.existingSecret"]),
        ({**SECRET, "scheme": "http"}, ["web.scheme"]),
        ({**SECRET, "config": {"tls_server_config": CERTIFICATE}}, ["web.tls.secretName", "cert_file"]),
        ({"users": USERS, "config": {"basic_auth_users": USERS}}, ["web.users", "web.config.basic_auth_users"]),
        ({"config": {"tls_server_config": {"min_version": "TLS12"}}}, ["web.config.tls_server_config"]),
        (
            {
                "tls": {"secretName": "a", "requireClientCertificate": True},
                "config": {"tls_server_config": {"client_auth_type": "NoClientCert"}},
            },
            ["web.tls.requireClientCertificate", "client_auth_type"],
        ),
    ],
)
def test_web_configurations_that_contradict_themselves_are_refused(web, names):
    message = failure({"web": web})
    for name in names:
        assert name in message, message


@pytest.mark.parametrize("case", WRONG)
def test_an_error_names_the_wrong_value(case):
    values, names = WRONG[case]
    message = failure(values)
    for name in names:
        assert name in message, message
