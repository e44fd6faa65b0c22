"""Runs the image in a container of runc as a cluster does: with its own file system, read-only, and few rights."""

import json
import os
import re
import shutil
import subprocess
import time
import uuid
from pathlib import Path

BINARY = "/usr/bin/kube-audit-exporter"
STATE = "/var/lib/kube-audit-exporter"
LOGS = "/var/log/kubernetes/audit"
# The seccomp profile of podman, which is docker's, from Debian's golang-github-containers-common (with buildah).
SECCOMP = Path("/usr/share/containers/seccomp.json")
# What runtimes mount into every container, at least.
SYSTEM_MOUNTS = [
    {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
    {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755"]},
]


def run(*command, status=0, seconds=120, **options):
    command = [str(part) for part in command]
    result = subprocess.run(command, capture_output=True, text=True, timeout=seconds, **options)
    assert result.returncode == status, f"{command} ended with {result.returncode}:\n{result.stdout}\n{result.stderr}"
    return result.stdout


def until(condition, what, seconds=30):
    """Waits until a condition returns something, and returns it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, what() if callable(what) else what
        time.sleep(0.05)
    return value


def seccomp(capabilities):
    """The default profile for a container with these capabilities, as the runtime specification has it."""
    profile = json.loads(SECCOMP.read_text())
    machine = os.uname().machine
    arch = {"x86_64": "amd64", "aarch64": "arm64"}[machine]

    def matches(condition):
        return set(condition.get("caps", [])) & set(capabilities) or arch in condition.get("arches", [])

    rules = []
    for rule in profile["syscalls"]:
        includes, excludes = rule.get("includes") or {}, rule.get("excludes") or {}
        if (includes and not matches(includes)) or (excludes and matches(excludes)):
            continue
        kept = {key: rule[key] for key in ("names", "action", "args", "errnoRet") if rule.get(key) is not None}
        rules.append(kept)
    default = {key: profile[key] for key in ("defaultAction", "defaultErrnoRet") if key in profile}
    return {**default, "architectures": [f"SCMP_ARCH_{machine.upper()}"], "syscalls": rules}


class Container:
    """A container of the image: an entry point with arguments, a user, mounts and limits.

    Mounts are (directory of the host, path, "ro" or "rw"). It has a network of its own, in which `get` asks it.
    """

    def __init__(self, image, directory, **settings):
        config = image.config["config"]
        self.directory, self.name = directory, f"kube-audit-exporter-{uuid.uuid4().hex[:12]}"
        directory.mkdir(parents=True, exist_ok=True)
        self.output = directory / "output.log"
        # A copy of its own, since runtimes create what they mount at.
        root = directory / "root"
        if not root.exists():
            run("cp", "--archive", "--link", image.root, root)
        user, group = settings.get("user", tuple(map(int, config["User"].split(":"))))
        command = settings.get("command", config["Entrypoint"])
        capabilities = [f"CAP_{name}" for name in settings.get("capabilities", [])]
        # Without ambient capabilities, as in Kubernetes: an ordinary user gets none.
        held = capabilities if user == 0 else []
        mounts = SYSTEM_MOUNTS + [
            {"destination": path, "type": "bind", "source": str(source), "options": ["bind", mode]}
            for source, path, mode in settings.get("mounts", [])
        ]
        resources = {"memory": {"limit": settings["memory"]}} if "memory" in settings else {}
        specification = {
            "ociVersion": "1.0.2",
            "process": {
                "user": {"uid": user, "gid": group, "additionalGids": settings.get("groups", [])},
                "args": [*command, *settings.get("args", config["Cmd"])],
                "env": [*config["Env"], *settings.get("env", [])],
                "cwd": config["WorkingDir"],
                "noNewPrivileges": True,
                "capabilities": {
                    "bounding": capabilities,
                    "permitted": held,
                    "effective": held,
                    "inheritable": [],
                    "ambient": [],
                },
            },
            "root": {"path": str(root), "readonly": True},
            "mounts": mounts,
            "linux": {
                "namespaces": [{"type": kind} for kind in ("pid", "ipc", "uts", "mount", "network")],
                "resources": resources,
                "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list"],
                "readonlyPaths": ["/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus"],
                "seccomp": seccomp(capabilities),
            },
        }
        if "hosts" in settings:
            (directory / "hosts").write_text(settings["hosts"])
            mounts.append(
                {
                    "destination": "/etc/hosts",
                    "type": "bind",
                    "source": str(directory / "hosts"),
                    "options": ["bind", "ro"],
                }
            )
        (directory / "config.json").write_text(json.dumps(specification))

    def runc(self, *arguments, **options):
        return run("runc", "--root", self.directory / "runc", *arguments, **options)

    def __enter__(self):
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                ["runc", "--root", self.directory / "runc", "run", "--bundle", self.directory, self.name],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            subprocess.run(
                ["runc", "--root", self.directory / "runc", "delete", "--force", self.name], capture_output=True
            )
            self.process.wait(20)

    def run(self, status=0):
        """Runs it until it ends, and returns its output."""
        with self:
            assert self.process.wait(60) == status, self.log
            return self.log

    @property
    def log(self):
        return self.output.read_text()

    def state(self):
        """What runc knows of it, with its process on the host."""
        return json.loads(self.runc("state", self.name))

    def get(self, path, *flags, scheme="http", port=10403):
        """The status and the text at a path, asked for in the container's network."""
        command = [
            "nsenter",
            "--net",
            "--target",
            self.state()["pid"],
            "curl",
            "--silent",
            "--max-time",
            "10",
            "--noproxy",
            "*",
        ]
        url = f"{scheme}://127.0.0.1:{port}{path}"
        result = subprocess.run(
            [str(part) for part in [*command, "--write-out", "\n%{http_code}", *flags, url]],
            capture_output=True,
            text=True,
            timeout=20,
        )
        text, _, status = result.stdout.rpartition("\n")
        return int(status or 0), text

    def connects(self, port):
        """Whether a connection to a port is accepted."""
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        command = ["nsenter", "--net", "--target", self.state()["pid"], "python3", "-c", script]
        return subprocess.run([str(part) for part in command], capture_output=True, timeout=20).returncode == 0

    def wait_until_ready(self):
        self.wait_for(lambda: self.get("/-/ready")[0] == 200)

    def wait_for(self, condition):
        """Waits until it listens and a condition holds."""

        def answers():
            assert self.process.poll() is None, self.log
            return "msg=Listening" in self.log and condition()

        until(answers, lambda: self.log)

    def stop(self):
        """Stops it as a kubelet does, and returns the exit status."""
        self.runc("kill", self.name, "TERM")
        return self.process.wait(15)

    def metrics(self):
        """The samples by name and labels."""
        lines = self.get("/metrics")[1].splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}

    def counts(self, family="kube_audit_unauthenticated_forbidden_requests_total"):
        """The counts of a family by source and origin."""
        pattern = re.compile(rf'{family}{{src_ip="([^"]+)".*origin="(\w+)"}}')
        found = ((pattern.match(name), value) for name, value in self.metrics().items())
        return {match.groups(): int(value) for match, value in found if match}

    def wait_for_counts(self, expected):
        counts = until(lambda: (counts := self.counts()) == expected and counts, lambda: f"{self.counts()}\n{self.log}")
        assert counts == expected

    def memory(self):
        """The largest use of memory in bytes as its limit counts it, or None where the kernel does not tell."""
        groups = dict(
            line.split(":", 2)[1:] for line in Path(f"/proc/{self.state()['pid']}/cgroup").read_text().splitlines()
        )
        peaks = [
            Path(f"/sys/fs/cgroup/memory{groups.get('memory')}/memory.max_usage_in_bytes"),
            Path(f"/sys/fs/cgroup{groups.get('')}/memory.peak"),
            # Before Linux 5.19.
            Path(f"/sys/fs/cgroup{groups.get('')}/memory.current"),
        ]
        return next((int(path.read_text()) for path in peaks if path.exists()), None)

    def status(self, field):
        """A field of its process's status in /proc, such as CapEff."""
        text = Path(f"/proc/{self.state()['pid']}/status").read_text()
        return re.search(rf"^{field}:\s*(.*)$", text, re.MULTILINE)[1]


def make(path, user=0, group=0, mode=0o755):
    path.mkdir(parents=True, exist_ok=True)
    os.chown(path, user, group)
    path.chmod(mode)
    return path


def missing():
    """Why no container can run here."""
    if os.geteuid() != 0:
        return "only root can run these containers"
    for name, package in {"runc": "runc", "nsenter": "util-linux", "curl": "curl"}.items():
        if not shutil.which(name):
            return f"{name} is not installed (Debian's {package})"
    if not SECCOMP.exists():
        return f"{SECCOMP} does not exist (Debian's golang-github-containers-common)"
    namespaces = subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], capture_output=True)
    return "this machine does not let root make namespaces" if namespaces.returncode else None
