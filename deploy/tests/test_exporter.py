"""The rendered arguments and files with the exporter: its source, and a build if there is one ($EXPORTER)."""

import json
import os
import re
import shutil
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from engines import (
    CHART,
    EVERYTHING,
    PRESETS,
    WEBHOOK,
    container,
    exporter,
    failure,
    merged,
    only,
    render,
    run,
    source_flags,
)
from pods import COUNTER, HASH, Pod, event, pod, project

FULL = merged(
    EVERYTHING,
    {
        "exporter": {
            "externalURL": "https://audit.example.com/$(NODE_NAME)",
            "trustedProxies": ["192.0.2.0/24"],
            "extraArgs": ["--web.openmetrics-created-series", "--web.enable-lifecycle"],
        },
        "webhook": {"externalURL": "https://audit.example.com/webhook"},
    },
)


def arguments(values):
    for item in render(values):
        if item["kind"] in ("DaemonSet", "Deployment"):
            yield from container(item)["args"]


@pytest.mark.parametrize("values", [FULL, *({"preset": preset} for preset in PRESETS)])
def test_the_source_has_each_flag_of_the_chart(values):
    flags = source_flags()
    assert len(flags) > 20
    used = {argument.split("=")[0].removeprefix("--") for argument in arguments(values)}
    assert len(used) >= 9
    assert used <= flags


def test_the_build_has_each_flag_of_the_chart():
    offered = set(re.findall(r"--([a-z.-]+)", run(exporter(), "--help")))
    used = {argument.split("=")[0].removeprefix("--") for argument in arguments(FULL)}
    assert used <= offered


def test_the_chart_knows_each_flag_of_the_exporter():
    text = (CHART / "templates/_checks.tpl").read_text()
    known = re.findall(r"(?m)^--([a-z.-]+): ", text)
    offered = set(re.findall(r"(?m)^  --([a-z.-]+)", run(exporter(), "--help"))) - {"version", "help"}
    assert sorted(known) == sorted(offered)


NETWORKS = [
    *("10.0.0.0/8", "10.0.0.1", "10.0.0.1/32", "0.0.0.0/0", "192.168.1.128/25", "::/0", "::", "::1", "2001:db8::/32"),
    *("1:2:3:4:5:6:7:8", "2001:db8::1:2/127", "fe80::/10", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "1::"),
    *("10.0.0.0/33", "10.0.0.1/8", "192.168.1.129/25", "010.0.0.1", "10.0.0.256", "10.0.0", "10.0.0.0.0", "10.0.0.0/"),
    *("10.0.0.0/a", "10.0.0.0/8/8", "2001:db8::/129", "2001:db8::1/32", "2001:db8::1:1/127", "1:2:3:4:5:6:7"),
    *(
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        ":::",
        ":1",
        "1:",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "proxy.example.com",
        "/8",
        " ",
    ),
    *("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:8::", "::10.0.0.300", "10.0.0.0/-1", "::ffff:10.0.0.1/104", "10.0.0.1 "),
]


@pytest.mark.parametrize("network", NETWORKS)
def test_the_chart_takes_the_networks_that_the_exporter_takes(network, tmp_path):
    command = [
        exporter(),
        f"--source.trusted-proxy={network}",
        f"--audit.log={tmp_path}/audit.log",
        # A parent that does not exist ends the start, after the flags were read.
        f"--storage.path={tmp_path}/missing/state",
        "--web.listen-address=127.0.0.1:0",
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    is_accepted = "--source.trusted-proxy" not in result.stderr
    assert is_accepted or "--storage.path" not in result.stderr
    for values in (
        {"exporter": {"trustedProxies": [network]}},
        {"exporter": {"filters": [{"name": "a", "networks": [network]}]}},
    ):
        if is_accepted:
            render(values)
        else:
            assert network in failure(values)


# --- A build with the rendered arguments and files


# Sets of values of which the exporter must take every flag and every file.
START = {
    "defaults": {},
    "everything": {
        "auditLog": {"files": ["audit.log", "other-*.log"], "from": "1d12h"},
        "exporter": {
            "threshold": 10,
            "window": "24h",
            "externalURL": "https://audit.example.com/$(NODE_NAME)",
            "trustedProxies": ["198.51.100.0/24", "2001:db8::/32", "::ffff:10.0.0.1"],
            "sourceLimit": 100,
            "claimedLimit": 1,
            "networkLimit": 10,
            "retention": "1w1d1h30m",
            "filters": [
                {
                    "name": "load balancer: health checks",
                    "networks": ["10.0.0.0/8", "::1"],
                    "user_agents": ["kube-probe/*", ""],
                    "request_uris": ["/livez\\?*"],
                    "verbs": ["get"],
                    "outcomes": ["forbidden", "unauthorized", "allowed"],
                },
                {"name": "2", "request_uris": ["/readyz"]},
            ],
            "logLevel": "debug",
            "logFormat": "json",
            "extraArgs": ["--web.enable-lifecycle", "--web.telemetry-path=/m", "--web.openmetrics-created-series"],
        },
        "webhook": {"maxBodySize": "1024MiB", "externalURL": "https://audit.example.com/webhook"},
    },
    "users": {"web": {"users": {"prometheus": HASH, "a b": HASH}}},
    "client certificates": {"web": {"tls": {"secretName": "web-tls", "requireClientCertificate": True}}},
    "web configuration": {
        "web": {
            "tls": {"secretName": "web-tls"},
            "config": {
                "tls_server_config": {
                    "client_auth_type": "VerifyClientCertIfGiven",
                    "client_ca_file": "/etc/kube-audit-exporter/web-tls/ca.crt",
                    "min_version": "TLS12",
                    "max_version": "TLS13",
                    "prefer_server_cipher_suites": False,
                    "curve_preferences": ["X25519", "CurveP256"],
                },
                "http_server_config": {"http2": False, "headers": {"X-Frame-Options": "deny"}},
                "rate_limit": {"interval": "10ms", "burst": 100},
            },
        },
        "webhook": {"maxBodySize": "1KiB", "tls": {"clientAllowedSANs": ["client.example.com", "127.0.0.1"]}},
    },
}


@pytest.mark.parametrize("kind", ["DaemonSet", "Deployment"])
@pytest.mark.parametrize("case", START)
def test_the_exporter_starts_with_what_the_chart_renders(case, kind, tmp_path):
    objects = render(WEBHOOK, START[case])
    own = Pod(only(objects, kind), objects, tmp_path / "pod")
    own.command = [argument for argument in own.command if argument != "--log.format=json"]
    with own:
        assert own.process.poll() is None
        log = own.logfile.read_text()
        assert "level=error" not in log and "error" not in log.split("Listening")[0], log


def test_the_exporter_counts_with_the_arguments_and_files_of_the_daemon_set(tmp_path):
    with pod("DaemonSet", tmp_path / "pod") as own:
        with open(own.directory / "log/audit.log", "a") as log:
            for number in range(3):
                log.write(json.dumps(event(number)) + "\n")
            log.write(json.dumps({**event(4, "kube-probe/1.31"), "sourceIPs": ["10.1.2.3"]}) + "\n")
        own.wait_for(COUNTER + " 3")
        own.wait_for('kube_audit_filtered_requests_total{filter="load balancer"} 1')


def test_a_changed_config_map_is_loaded_without_a_restart(tmp_path):
    with pod("DaemonSet", tmp_path / "pod") as own:
        own.wait_for("kube_audit_config_last_reload_successful 1")
        project(own.directory / "etc/filter", {"filter.yml": 'filters: [{name: all, networks: ["192.0.2.7"]}]'})
        own.wait_for("kube_audit_config_reloads_total 1")
        with open(own.directory / "log/audit.log", "a") as log:
            log.write(json.dumps(event(1)) + "\n")
        own.wait_for('kube_audit_filtered_requests_total{filter="all"} 1')


@pytest.mark.parametrize("end", ["deleted", "killed"])
def test_the_next_pod_of_a_node_continues_where_the_last_one_stopped(end, tmp_path):
    own = pod("DaemonSet", tmp_path / "pod")
    log = own.directory / "log/audit.log"

    def write(*numbers):
        with open(log, "a") as file:
            file.writelines(json.dumps(event(number)) + "\n" for number in numbers)

    with own:
        write(1, 2, 3)
        own.wait_for(COUNTER + " 3")
        if end == "killed":
            own.kill()
    # No pod runs while the API server writes, rotates its log and writes on.
    write(4, 5)
    log.rename(log.with_name("audit-2026-11-30T05-00-00.000.log"))
    write(6)
    with own:
        own.wait_for(COUNTER + " 6")
        own.wait_for("kube_audit_lost_logs_total 0")


# The mounts of a container: everything read-only but the state.
READ_ONLY = """
mount --make-rprivate / && mount --bind . . && mount --bind state state &&
mount -o remount,bind,ro . && mount -o remount,bind,ro / && cd "$PWD" && ! touch log/x 2>/dev/null && exec "$@"
"""


def test_the_exporter_writes_to_the_state_only(tmp_path):
    unshared = ["unshare", "--mount", "sh", "-c", READ_ONLY, "sh"]
    if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        pytest.skip("mounts cannot be changed here")
    own = pod("DaemonSet", tmp_path / "pod")
    own.command = unshared + own.command
    with own:
        with open(own.directory / "log/audit.log", "a") as log:
            log.write(json.dumps(event(1)) + "\n")
        own.wait_for(COUNTER + " 1")
        own.wait_for("kube_audit_state_last_write_successful 1")
        assert list((own.directory / "state").glob("state.db*"))


def test_every_path_asks_for_the_password_so_that_probes_need_it_too(tmp_path):
    with pod("DaemonSet", tmp_path / "pod") as own:
        for path in ("/-/healthy", "/-/ready", "/metrics"):
            assert own.get(path, password=None)[0] == 401
            assert own.get(path)[0] == 200


def test_the_webhook_takes_batches_from_clients_with_a_certificate_only(tmp_path):
    with pod("Deployment", tmp_path / "pod") as own:
        port = own.port("Listening for the audit webhook")
        body = json.dumps(
            {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [event(1), event(2)]}
        ).encode()

        def send(context):
            request = urllib.request.Request(
                f"https://127.0.0.1:{port}/audit", data=body, headers={"Content-Type": "application/json"}
            )
            with urllib.request.urlopen(request, context=context, timeout=10) as response:
                return response.status

        tls = own.directory / "etc/webhook-tls"
        context = ssl.create_default_context(cafile=tls / "ca.crt")
        with pytest.raises(OSError):
            send(context)
        context.load_cert_chain(tls / "client.crt", tls / "client.key")
        assert send(context) == 200
        own.wait_for(COUNTER + " 2")


# --- The rights of the container, as a runtime gives them


def as_container(context, pod_context):
    """The command that gives a process the user, the groups and the capabilities of a container."""
    added = ",".join(f"+{name.lower()}" for name in context["capabilities"].get("add", []))
    user = context["runAsUser"]
    capabilities = f"-all,{added}" if added else "-all"
    command = ["setpriv", "--no-new-privs", f"--bounding-set={capabilities}", f"--inh-caps={capabilities}"]
    if user:
        groups = ",".join(str(group) for group in pod_context.get("supplementalGroups", []))
        command += [f"--reuid={user}", f"--regid={context['runAsGroup']}", f"--groups={groups}"]
    return command


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give rights away")
@pytest.mark.parametrize(
    "access, owner, group, mode, directory_mode, is_read",
    [
        ("root", 0, 0, 0o600, 0o700, True),
        # Root without capabilities is no more than an owner.
        ("root", 65534, 65534, 0o600, 0o700, False),
        # Talos.
        ("capability", 65534, 65534, 0o600, 0o700, True),
        ("capability", 0, 0, 0o600, 0o700, True),
        ("group", 0, 990, 0o640, 0o750, True),
        ("group", 0, 0, 0o600, 0o755, False),
    ],
)
def test_the_rights_of_the_pod_read_the_log(access, owner, group, mode, directory_mode, is_read):
    settings = {"access": access, **({"group": 990} if access == "group" else {})}
    workload = only(render({"auditLog": settings}), "DaemonSet")
    spec = workload["spec"]["template"]["spec"]
    context = spec["containers"][0]["securityContext"]
    # Not below pytest's directory, which no other user can enter.
    top = Path(tempfile.mkdtemp(prefix="kube-audit-exporter-"))
    try:
        top.chmod(0o755)
        binary = top / "kube-audit-exporter"
        shutil.copy(exporter(), binary)
        (top / "log").mkdir()
        log = top / "log/audit.log"
        log.write_text(json.dumps(event(1)) + "\n")
        os.chown(log, owner, group)
        log.chmod(mode)
        os.chown(log.parent, owner, group)
        log.parent.chmod(directory_mode)
        (top / "state").mkdir(mode=0o700)
        os.chown(top / "state", context["runAsUser"], context["runAsGroup"])
        command = as_container(context, spec["securityContext"])
        output = top / "stderr.log"
        with open(output, "w") as file:
            process = subprocess.Popen(
                [
                    *command,
                    binary,
                    f"--audit.log={log}",
                    f"--storage.path={top}/state",
                    "--web.listen-address=127.0.0.1:0",
                ],
                stderr=file,
                stdout=file,
            )
        try:
            expected = "Log was read to its end" if is_read else "Log cannot be read"
            deadline = time.monotonic() + 20
            while expected not in output.read_text():
                assert time.monotonic() < deadline and process.poll() is None, output.read_text()
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait(10)
    finally:
        shutil.rmtree(top)
