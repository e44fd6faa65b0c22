"""Runs the image as a cluster does: read-only, almost without rights, on a directory of the host with a log."""

import csv
import json
import os
from pathlib import Path

import pytest
from auditlog import RECORDED, AuditLog, expected_counts
from containers import LOGS, STATE, Container, make, until
from pods import certificates

pytestmark = pytest.mark.usefixtures("runs_containers")
ALL = ["--audit.log=/var/log/kubernetes/audit/audit.log", "--audit.from=beginning"]
# Which user reads the log by which right: that of the image in the log's group, or root without capabilities.
USERS = {
    "a member of the log's group": {
        "settings": {"groups": [990]},
        "state": (65532, 65532),
        "log": {"owner": (0, 990), "mode": 0o640},
        "directory": (0, 990, 0o750),
    },
    "root without capabilities": {
        "settings": {"user": (0, 0)},
        "state": (0, 0),
        "log": {"owner": (0, 0), "mode": 0o600},
        "directory": (0, 0, 0o700),
    },
}


@pytest.fixture
def recorded():
    return RECORDED.read_bytes().splitlines(keepends=True)


def place(tmp_path, user):
    """A log and a state directory on the host, and the mounts for them."""
    about = USERS[user]
    log = AuditLog(make(tmp_path / "log", *about["directory"]), **about["log"])
    state = make(tmp_path / "state", *about["state"], 0o700)
    return log, {"mounts": [(log.directory, LOGS, "ro"), (state, STATE, "rw")], **about["settings"]}


def test_the_image_starts_with_the_version_of_its_label(image, tmp_path):
    version = image.config["config"]["Labels"]["org.opencontainers.image.version"]
    output = Container(image, tmp_path, args=["--version"]).run()
    assert output.startswith(f"kube-audit-exporter, version {version} ")


@pytest.mark.parametrize("user", USERS)
def test_a_rotating_log_is_counted_exactly_across_a_restart(image, tmp_path, recorded, user):
    log, settings = place(tmp_path, user)
    parts = [recorded[start : start + 150] for start in range(0, len(recorded), 150)]
    half = len(parts) // 2
    log.write(parts[0])
    with Container(image, tmp_path / "first", args=ALL, **settings) as container:
        container.wait_until_ready()
        for number, part in enumerate(parts[1:half]):
            # Several rotations in a row, and every other one compressed.
            log.rotate(compress=number % 2 == 1)
            log.write(part)
        lines = sum(map(len, parts[:half]))
        until(
            lambda: container.metrics()['kube_audit_lines_total{input="file"}'] == lines,
            lambda: f"{container.metrics()}\n{container.log}",
        )
        before = container.counts()
        assert container.status("CapEff") == container.status("CapPrm") == container.status("CapBnd") == "0" * 16
        assert container.status("NoNewPrivs") == "1"
        assert container.status("Seccomp") == "2"
        assert container.stop() == 0
    assert "read to its end" in container.log and "level=error" not in container.log
    # It rotates while nobody reads it.
    log.rotate(compress=True)
    log.write(parts[half])
    log.rotate()
    for part in parts[half + 1 :]:
        log.write(part)
    with Container(image, tmp_path / "second", args=ALL, **settings) as container:
        container.wait_until_ready()
        container.wait_for_counts(expected_counts())
        assert all(container.counts()[source] >= count for source, count in before.items())
        metrics = container.metrics()
        assert metrics["kube_audit_lost_logs_total"] == 0
        assert metrics["kube_audit_state_last_write_successful"] == 1
        assert container.stop() == 0
    assert "level=error" not in container.log


def test_a_log_of_another_user_is_reported_and_read_after_its_repair(image, tmp_path, recorded):
    log, settings = place(tmp_path, "a member of the log's group")
    log.path.chmod(0o600)
    log.write(recorded)
    with Container(image, tmp_path / "container", args=ALL, **settings) as container:
        until(lambda: "Permission denied" in container.log, lambda: container.log)
        status, reason = container.get("/-/ready")
        assert status == 503 and "audit.log" in reason
        log.path.chmod(0o640)
        container.wait_for_counts(expected_counts())


def test_only_the_state_is_written(image, tmp_path, recorded):
    """The root file system is read-only, and there is no /tmp: nothing is open for writing but the state."""
    log, settings = place(tmp_path, "root without capabilities")
    log.write(recorded)
    with Container(image, tmp_path / "container", args=ALL, **settings) as container:
        container.wait_until_ready()
        container.wait_for_counts(expected_counts())
        process = Path(f"/proc/{container.state()['pid']}")
        mounts = [line.split() for line in (process / "mountinfo").read_text().splitlines()]
        writable = {mount[4] for mount in mounts if "rw" in mount[5].split(",")}
        # Masked files of /proc are mounts too.
        assert {path for path in writable if not path.startswith("/proc/")} == {"/proc", "/dev", STATE}
        written = set()
        for descriptor in (process / "fd").iterdir():
            flags = int((process / "fdinfo" / descriptor.name).read_text().split("flags:")[1].split()[0], 8)
            target = os.readlink(descriptor)
            if flags & os.O_ACCMODE and target.startswith("/"):
                written.add(target)
        assert written and all(path.startswith((f"{STATE}/", str(tmp_path))) for path in written), written
    assert {path.name for path in (tmp_path / "state").iterdir()} >= {"state.db"}


def test_the_default_arguments_count_new_requests_and_keep_the_state(image, tmp_path, recorded):
    """Without arguments: the default log, and the state on the image's only volume."""
    log, settings = place(tmp_path, "a member of the log's group")
    with Container(image, tmp_path / "container", **settings) as container:
        container.wait_until_ready()
        log.write(recorded)
        until(
            lambda: container.metrics()['kube_audit_lines_total{input="file"}'] == len(recorded), lambda: container.log
        )
        assert container.stop() == 0
    assert (tmp_path / "state/state.db").stat().st_uid == 65532


@pytest.mark.parametrize("user", [(65532, 65532), (0, 0), (1000650000, 0)], ids=["image", "root", "OpenShift"])
def test_the_volume_of_the_image_can_be_written_by_its_users(image, tmp_path, user):
    """Runtimes give a new volume the owner and the mode of the image's directory."""
    about = (image.root / STATE.lstrip("/")).stat()
    volume = make(tmp_path / "volume", about.st_uid, about.st_gid, about.st_mode & 0o7777)
    log = make(tmp_path / "log")
    (log / "audit.log").touch()
    mounts = [(log, LOGS, "ro"), (volume, STATE, "rw")]
    with Container(image, tmp_path / "container", user=user, mounts=mounts) as container:
        container.wait_until_ready()
        assert container.stop() == 0
    assert (volume / "state.db").stat().st_uid == user[0]


def test_it_stays_within_the_memory_limit_of_the_chart(image, tmp_path, recorded):
    log, settings = place(tmp_path, "root without capabilities")
    # 11,000 sources, more than there are counters.
    line = next(line for line in recorded if b"system:unauthenticated" in line and b'"code":403' in line)
    event = json.loads(line)
    lines = []
    for number in range(11_000):
        event["auditID"] = f"id-{number}"
        event["sourceIPs"] = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"]
        lines.append(json.dumps(event).encode() + b"\n")
    limit = 192 << 20
    with Container(image, tmp_path / "container", args=ALL, memory=limit, **settings) as container:
        container.wait_until_ready()
        log.write([b"".join(lines)])
        until(lambda: container.metrics()['kube_audit_lines_total{input="file"}'] == len(lines), lambda: container.log)
        assert (
            sum(container.counts().values()) + container.metrics().get("kube_audit_retired_requests_total", 0) == 11_000
        )
        peak = container.memory()
        assert peak is not None
        print(f"{peak / 2**20:.0f} MiB of {limit / 2**20:.0f} MiB at most")
        assert peak < limit
        assert container.stop() == 0


def webhook_settings(tmp_path, text):
    etc, state = tmp_path / "etc", make(tmp_path / "state", 65532, 65532, 0o700)
    certificates(etc)
    for path in etc.iterdir():
        path.chmod(0o644)
    (etc / "webhook.yml").write_text(text)
    return etc, {
        "args": ["--webhook.listen-address=:10404", "--webhook.config.file=/etc/kube-audit-exporter/webhook.yml"],
        "mounts": [(etc, "/etc/kube-audit-exporter", "ro"), (state, STATE, "rw")],
    }


TLS = """
tls_server_config:
  cert_file: tls.crt
  key_file: tls.key
  client_auth_type: RequireAndVerifyClientCert
"""


def post(container, etc, body, *flags):
    return container.get(
        "/audit", "--cacert", etc / "ca.crt", "--data-binary", f"@{body}", *flags, scheme="https", port=10404
    )[0]


def test_the_webhook_takes_batches_from_clients_with_a_certificate_only(image, tmp_path, recorded):
    etc, settings = webhook_settings(tmp_path, TLS + "  client_ca_file: ca.crt\n")
    body = tmp_path / "body.json"
    items = [json.loads(line) for line in recorded]
    body.write_text(json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": items}))
    with Container(image, tmp_path / "container", **settings) as container:
        container.wait_until_ready()
        assert post(container, etc, body) == 0
        certificate = ["--cert", etc / "client.crt", "--key", etc / "client.key"]
        assert post(container, etc, body, *certificate) == 200
        # The same batch again changes nothing.
        assert post(container, etc, body, *certificate) == 200
        assert container.counts() == expected_counts()
        assert container.stop() == 0


def test_without_an_authority_of_its_own_it_verifies_with_those_of_debian(image, tmp_path):
    etc, settings = webhook_settings(tmp_path, TLS)
    body = tmp_path / "body.json"
    body.write_text("{}")
    certificate = ["--cert", etc / "client.crt", "--key", etc / "client.key"]
    with Container(image, tmp_path / "container", **settings) as container:
        container.wait_until_ready()
        # No authority in the image signed this certificate.
        assert post(container, etc, body, *certificate) == 0
    # The file that it reads them from.
    settings["mounts"].append((etc / "ca.crt", "/etc/ssl/certs/ca-certificates.crt", "ro"))
    with Container(image, tmp_path / "container", **settings) as container:
        container.wait_until_ready()
        assert post(container, etc, body, *certificate) == 400


def test_names_are_resolved(image, tmp_path):
    """For addresses to listen on; runtimes mount /etc/hosts."""
    _, settings = place(tmp_path, "root without capabilities")
    args = [*ALL, "--web.listen-address=pod.example.com:10403"]
    hosts = "127.0.0.1 localhost\n127.0.0.1 pod.example.com\n"
    with Container(image, tmp_path / "container", args=args, hosts=hosts, **settings) as container:
        container.wait_until_ready()
        assert container.stop() == 0


def test_scan_prints_the_table_of_a_mounted_log(image, tmp_path):
    logs = make(tmp_path / "log")
    (logs / "audit.log").write_bytes(RECORDED.read_bytes())
    args = ["scan", "--format=csv", "--threshold=0", "--window=all", f"{LOGS}/audit.log"]
    # Status 3: there are sources over the threshold.
    output = Container(image, tmp_path / "container", args=args, mounts=[(logs, LOGS, "ro")]).run(status=3)
    table = csv.DictReader(line for line in output.splitlines() if line.startswith('"'))
    assert {(row["src_ip"], row["origin"]): int(row["count"]) for row in table} == expected_counts()


def test_an_interrupt_stops_it_too(image, tmp_path):
    _, settings = place(tmp_path, "root without capabilities")
    with Container(image, tmp_path / "container", args=ALL, **settings) as container:
        container.wait_until_ready()
        container.runc("kill", container.name, "INT")
        assert container.process.wait(15) == 0
