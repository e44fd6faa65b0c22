"""Root file systems of Debian 12 that have never seen Swift, and the service in them.

A command in a root file system runs in namespaces of its own (bubblewrap): nothing of this machine is mounted writable,
/dev is a new one. The network is that of this machine, for apt and for scrapes on loopback.
"""

import os
import pwd
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

PACKAGES = Path(__file__).resolve().parents[1]
PROJECT = PACKAGES.parents[1]
DIST = Path(os.environ.get("DIST", PROJECT / "dist")).resolve()
NAME = "kube-audit-exporter"
UNIT = f"{NAME}.service"
STATE = f"var/lib/{NAME}"
# What apt needs of this machine in a root file system.
PROXIES = {key: value for key, value in os.environ.items() if key.lower() in ("http_proxy", "https_proxy", "no_proxy")}

# Stands in for systemd: enables units at their installation, says that all are enabled and running, and writes down
# what maintainer scripts ask for.
SYSTEMCTL = f"""#!/bin/sh
echo "$*" >>/systemctl.log
case "$*" in
*is-enabled*) echo enabled ;;
*preset*{UNIT}) ln -sf /lib/systemd/system/{UNIT} /etc/systemd/system/multi-user.target.wants/{UNIT} ;;
esac
"""


def one(pattern):
    """The only file in dist/ that matches."""
    found = sorted(DIST.glob(pattern))
    assert len(found) == 1, f"dist/ has {len(found)} files {pattern}, expected one; run make packages: {found}"
    return found[0]


def run(*command, **more):
    """The output of a command, which must succeed."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, **more)
    assert result.returncode == 0, f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}"
    return result.stdout


class Root:
    """A root file system in a directory."""

    def __init__(self, directory):
        self.directory = Path(directory)

    @classmethod
    def unpacked(cls, tarball, directory):
        directory.mkdir()
        run("tar", "-C", directory, "--exclude=./dev/*", "-xf", tarball)
        root = cls(directory)
        # Without systemd in it, the name is free.
        root.write("usr/bin/systemctl", SYSTEMCTL, 0o755)
        return root

    def copy(self, directory):
        run("cp", "-a", self.directory, directory)
        return Root(directory)

    def path(self, name):
        return self.directory / str(name).lstrip("/")

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)

    def add(self, file):
        """Copies a file into /root, and returns its path there."""
        shutil.copy(file, self.path("root"))
        return f"/root/{Path(file).name}"

    def command(self, *command, writable=True, options=()):
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND": "noninteractive",
            "LC_ALL": "C.UTF-8",
            **PROXIES,
        }
        sets = [part for key, value in environment.items() for part in ("--setenv", key, value)]
        networks = [f for name in ("resolv.conf", "hosts") for f in ("--ro-bind", f"/etc/{name}", f"/etc/{name}")]
        return [
            "bwrap", "--bind" if writable else "--ro-bind", str(self.directory), "/",
            "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/run", "--dir", "/run/systemd/system", "--perms", "1777", "--tmpfs", "/tmp", *networks,
            *options,
            "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--cap-add", "ALL",
            "--chdir", "/root", "--clearenv", *sets, *map(str, command),
        ]  # fmt: skip

    def run(self, *command, **more):
        return run(*self.command(*command), **more)

    def install(self, *packages):
        self.run("apt-get", "update", "-q")
        return self.run("apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)

    def systemctl_calls(self):
        """What was asked of systemd since the last call, without flags and without questions."""
        log = self.path("systemctl.log")
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        calls = [[word for word in line.split() if not word.startswith("--")] for line in lines]
        return [" ".join(call) for call in calls if not call[0].startswith("is-")]

    def account(self):
        """User and group numbers of the service."""
        for line in self.path("etc/passwd").read_text().splitlines():
            name, _, user, group, *_ = line.split(":")
            if name == NAME:
                return int(user), int(group)
        return None


def setting(unit, key):
    """The last value of a setting of the unit."""
    return re.findall(rf"(?m)^{key}=(.*)$", unit)[-1]


class Service:
    """The unit's process, started as the unit says: its command, user, capabilities and writable directory."""

    def __init__(self, root):
        self.root = root
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = None

    def set_arguments(self, arguments):
        """Changes ARGS in /etc/default, as an administrator does."""
        path = self.root.path(f"etc/default/{NAME}")
        path.write_text(re.sub(r"(?m)^ARGS=.*$", lambda _: f'ARGS="{arguments}"', path.read_text()))

    def arguments(self):
        unit = self.root.path(f"usr/lib/systemd/system/{UNIT}").read_text()
        file = setting(unit, "EnvironmentFile").removeprefix("-")
        line = re.findall(r"(?m)^ARGS=(.*)$", self.root.path(file).read_text())[-1]
        command = setting(unit, "ExecStart").split()
        assert command[-1] == "$ARGS"
        return unit, command[:-1] + shlex.split(shlex.split(line)[0])

    def start(self):
        unit, command = self.arguments()
        user, group = self.root.account()
        assert setting(unit, "User") == setting(unit, "Group") == NAME
        state = self.root.path("var/lib") / setting(unit, "StateDirectory")
        state.mkdir(exist_ok=True)
        state.chmod(int(setting(unit, "StateDirectoryMode"), 8))
        os.chown(state, user, group)
        capability = setting(unit, "AmbientCapabilities").removeprefix("CAP_").lower()
        assert capability == setting(unit, "CapabilityBoundingSet").removeprefix("CAP_").lower()
        privileges = [f"--{name}=-all,+{capability}" for name in ("inh-caps", "ambient-caps", "bounding-set")]
        # ProtectSystem=strict, and InaccessiblePaths as far as they are directories.
        options = ["--bind", str(state), f"/{STATE}"]
        for hidden in setting(unit, "InaccessiblePaths").split():
            if self.root.path(hidden.lstrip("-")).is_dir():
                options += ["--perms", "0000", "--tmpfs", hidden.lstrip("-")]
        self.process = subprocess.Popen(
            self.root.command(
                "setpriv", "--reuid", user, "--regid", group, "--clear-groups", "--no-new-privs", *privileges, *command,
                writable=False, options=options,
            ),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def stop(self):
        """Ends the exporter as systemd does, with SIGTERM, and returns its log."""
        process, self.process = self.process, None
        if process is None:
            return ""
        # bubblewrap's child is the first process of the namespace, and the exporter is a child of that one.
        for child in descendants(process.pid):
            if Path(f"/proc/{child}/comm").read_text().startswith("kube-audit"):
                os.kill(child, signal.SIGTERM)
        try:
            return process.communicate(timeout=30)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0]

    def fetch(self, path="/metrics"):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            f"http://127.0.0.1:{self.port}{path}", timeout=5
        ) as response:
            return response.read().decode()

    def wait_for(self, expected, seconds=60):
        """Waits until the counts are the expected ones."""
        deadline, seen = time.monotonic() + seconds, None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                log = self.process.stdout.read()
                raise AssertionError(f"the exporter ended with {self.process.returncode}:\n{log}")
            try:
                seen = counts_in(self.fetch())
            except OSError as error:
                seen = error
            if seen == expected:
                return
            time.sleep(0.2)
        raise AssertionError(f"after {seconds} s the counts are {seen}, expected {expected}\n{self.stop()}")


def descendants(process):
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(child) for child in children] + [one for child in children for one in descendants(child)]


def counts_in(metrics):
    """The analytic's counts, by source and origin."""
    pattern = r'(?m)^kube_audit_unauthenticated_forbidden_requests_total\{src_ip="(.*?)",.*origin="(.*?)".*\} (\d+)$'
    return {(source, origin): int(value) for source, origin, value in re.findall(pattern, metrics)}


def recent_log():
    """Tests/Fixtures/audit-logs/metadata.log (132 counted requests), as if it ended a minute ago."""
    text = (PROJECT / "Tests/Fixtures/audit-logs/metadata.log").read_text()
    form = "%Y-%m-%dT%H:%M:%S.%fZ"
    pattern = r'(?<=Timestamp":")(\d{4}-\d\d-\d\dT[\d:]+\.\d{6}Z)'
    last = max(datetime.strptime(found, form) for found in re.findall(pattern, text))
    shift = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(minutes=1) - last
    return re.sub(pattern, lambda match: (datetime.strptime(match[1], form) + shift).strftime(form), text)


def known_counts():
    """The counts of that log by source and origin, from the golden metrics, whose filter hides one more request."""
    counts = counts_in((PROJECT / "Tests/Fixtures/golden/metrics.txt").read_text())
    counts["127.0.0.16", "verified"] = 1
    assert sum(value for (_, origin), value in counts.items() if origin == "verified") == 132
    return counts
