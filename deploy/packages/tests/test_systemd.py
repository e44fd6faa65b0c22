"""The Debian package under a real systemd: a new Debian 12 that boots in a container, with a network of its own."""

import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from conftest import LOG
from roots import NAME, PROJECT, STATE, UNIT, counts_in, recent_log, run
from test_deb import versioned


class Machine:
    """A booted root file system."""

    def __init__(self, root):
        self.root = root
        # nspawn keeps files in /run; this machine's /run is left alone.
        script = 'mount -t tmpfs tmpfs /run && exec systemd-nspawn --quiet --register=no --keep-unit "$@"'
        self.process = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", "--private-network", "-D", root.directory, "--boot"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.first = None

    def wait_until_booted(self):
        """Waits for systemd in the container; a text says why it did not boot."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            self.first = next((one for one in children if Path(f"/proc/{one}/comm").read_text() == "systemd\n"), None)
            if self.first and self.ask("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return None
            time.sleep(0.5)
        self.process.kill()
        return f"this machine does not boot systemd in a container: {self.process.communicate()[0][-500:]}"

    def ask(self, *command):
        return subprocess.run(["nsenter", "--target", self.first, "--all", *command], capture_output=True, text=True)

    def run(self, *command):
        return run("nsenter", "--target", self.first, "--all", *command)

    def show(self, key):
        return self.run("systemctl", "show", "--value", "--property", key, UNIT).strip()

    def metrics(self):
        """The page, from the container's network."""
        result = subprocess.run(
            ["nsenter", "--target", self.first, "--net",
             "curl", "-sS", "--noproxy", "*", "http://127.0.0.1:10403/metrics"],
            capture_output=True, text=True,
        )  # fmt: skip
        return result.stdout

    def wait_for_counts(self, expected):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if (seen := counts_in(self.metrics())) == expected:
                return
            time.sleep(0.2)
        log = self.ask("journalctl", "--no-pager", "-u", UNIT).stdout
        raise AssertionError(f"after 60 s the counts are {seen}, expected {expected}\n{log}")

    def wait_for_unit(self, state):
        deadline = time.monotonic() + 60
        while (seen := self.show("ActiveState")) != state:
            assert time.monotonic() < deadline, f"{UNIT} is {seen}, expected {state}"
            time.sleep(0.2)

    def stop(self):
        if self.process.poll() is None:
            self.ask("systemctl", "--no-block", "poweroff")
            try:
                self.process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.communicate()


def commands(document, section, language="sh"):
    """The examples of a section of the documentation."""
    text = (PROJECT / document).read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", text)


@pytest.fixture(scope="module")
def machine(first_installation, directory):
    if not shutil.which("systemd-nspawn"):
        pytest.skip("systemd-nspawn is missing; apt-get install systemd-container")
    root = first_installation.copy(directory / "machine")
    # The libraries stay, because the booted system has no network.
    root.run("apt-get", "purge", "-q", "-y", NAME)
    root.install("systemd", "systemd-sysv")
    machine = Machine(root)
    failure = machine.wait_until_booted()
    if failure:
        pytest.skip(failure)
    yield machine
    machine.stop()
    shutil.rmtree(root.directory)


def test_install_use_upgrade_and_purge(machine, deb, directory, expected):
    root = machine.root
    root.path(LOG).parent.mkdir(parents=True, mode=0o700)
    root.path(LOG).write_text(recent_log())
    root.path(LOG).chmod(0o600)
    root.path("etc/kubernetes").mkdir()
    root.path("etc/kubernetes/admin.conf").write_text("secret")

    # One command, and nothing else: the flags are the package's.
    machine.run("dpkg", "-i", root.add(deb))
    machine.wait_for_counts(expected)
    assert machine.show("ActiveState") == "active" and machine.show("UnitFileState") == "enabled"
    process = machine.show("MainPID")
    status = machine.run("cat", f"/proc/{process}/status")
    user, _ = root.account()
    assert re.search(r"(?m)^Uid:\t(\d+)", status)[1] == str(user)
    # CAP_DAC_READ_SEARCH is bit 2.
    for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"(?m)^{key}:\t(\w+)", status)[1] == f"{4:016x}", key
    # As the service sees it.
    inside = ["nsenter", "--target", process, "--mount", "setpriv", "--reuid", str(user), "--clear-groups"]
    assert "Permission denied" in machine.ask(*inside, "cat", "/etc/kubernetes/admin.conf").stderr
    assert "Read-only file system" in machine.ask(*inside[:4], "touch", "/etc/new").stderr

    # A changed filter is loaded by a reload.
    root.path(f"etc/{NAME}/filter.yml").write_text("filters: []\n")
    machine.run("systemctl", "reload", UNIT)
    assert machine.show("MainPID") == process

    # A crash: systemd starts it again, from its state.
    root.path(LOG).write_text("")
    machine.run("kill", "-KILL", process)
    machine.wait_for_unit("activating")
    machine.wait_for_counts(expected)
    process = machine.show("MainPID")

    # An upgrade.
    machine.run("dpkg", "-i", root.add(versioned(deb, "999.0.2-1", directory)))
    machine.wait_for_counts(expected)
    assert machine.show("MainPID") != process

    # The group instead of the capability.
    machine.run("bash", "-ec", "".join(commands("docs/permissions.md", "Group")))
    machine.wait_for_counts(expected)
    assert f"CapEff:\t{0:016x}" in machine.run("cat", f"/proc/{machine.show('MainPID')}/status")
    assert re.search(r"(?m)^kube_audit_log_readable\{.*\} 1$", machine.metrics())

    # A flag that cannot be used: it is reported, and not tried again and again.
    defaults = root.path(f"etc/default/{NAME}")
    text = defaults.read_text()
    defaults.write_text(re.sub(r"(?m)^ARGS=.*$", 'ARGS="--audit.lok /nowhere"', text))
    machine.ask("systemctl", "restart", UNIT)
    machine.wait_for_unit("failed")
    assert machine.show("NRestarts") == "0" and machine.show("ExecMainStatus") == "64"
    assert "--audit.lok" in machine.run("journalctl", "--no-pager", "-u", UNIT)
    defaults.write_text(text)
    machine.run("systemctl", "restart", UNIT)
    machine.wait_for_counts(expected)

    machine.run("dpkg", "--remove", NAME)
    assert machine.ask("systemctl", "is-active", UNIT).stdout.strip() == "inactive"
    assert root.path(f"{STATE}/state.db").exists()
    machine.run("dpkg", "--purge", NAME)
    assert not root.path(STATE).exists()
    assert not root.path(f"etc/{NAME}").exists()


def test_sockets_of_systemd(machine, deb, expected):
    """docs/web-configuration.md, from an installation to a scrape on both sockets."""
    root = machine.root
    root.path(LOG).parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    root.path(LOG).write_text(recent_log())
    machine.run("dpkg", "-i", root.add(deb))
    for unit in commands("docs/web-configuration.md", "systemd sockets", "ini"):
        root.write(re.match(r"# (/etc/systemd/\S+)\n", unit)[1], unit)
    defaults = root.path(f"etc/default/{NAME}")
    defaults.write_text(re.sub(r'(?m)^ARGS="', 'ARGS="--web.systemd-socket ', defaults.read_text()))
    machine.run("bash", "-ec", "".join(commands("docs/web-configuration.md", "systemd sockets")))
    machine.wait_for_counts(expected)
    page = run("curl", "-sS", "--unix-socket", f"/proc/{machine.first}/root/run/{NAME}.sock", "http://socket/metrics")
    assert counts_in(page) == expected
    machine.run("systemctl", "restart", UNIT)
    machine.wait_for_counts(expected)
    machine.run("dpkg", "--purge", NAME)
