"""Does what a kubelet does with a rendered pod of this chart: volumes, user, rights, limits, arguments and probes.

Fields that it does not know are errors, so that nothing in a manifest is left out of the test.
"""

import os
import re
from pathlib import Path

from containers import Container, make
from engines import container
from pods import certificates, project

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def known(fields, *names):
    unknown = set(fields) - set(names)
    assert not unknown, f"the test does not know {sorted(unknown)}"
    return fields


class Node:
    """A directory as the root of a node, and the volumes of its pods."""

    def __init__(self, directory, name="control-plane-1"):
        self.directory, self.name = directory, name
        self.root = make(directory / "root")

    def path(self, path):
        return self.root / path.lstrip("/")

    def volume(self, volume, objects, group):
        """The directory of a volume, made as the kubelet makes it."""
        (kind,) = set(volume) - {"name"}
        source, place = volume[kind], self.directory / "volumes" / volume["name"]
        if kind == "hostPath":
            known(source, "path", "type")
            place = self.path(source["path"])
            if source["type"] == "DirectoryOrCreate" and not place.exists():
                make(place)
            assert place.is_dir()
        elif kind == "persistentVolumeClaim":
            make(place, 0, group, 0o2775)
        elif not place.exists():
            known(source, "name", "secretName", "defaultMode")
            name = source.get("name") or source["secretName"]
            data = [
                item for item in objects if item["kind"].lower() == kind.lower() and item["metadata"]["name"] == name
            ]
            if data:
                project(place, data[0].get("data") or data[0]["stringData"])
            else:
                assert kind == "secret", f"the chart has no ConfigMap {name}"
                certificates(place)
            for directory, _, names in os.walk(place):
                os.chown(directory, 0, group)
                for file in (Path(directory, item) for item in names):
                    if not file.is_symlink():
                        os.chown(file, 0, group)
                        file.chmod(source.get("defaultMode", 0o644))
        return place

    def run(self, image, workload, objects, directory):
        """The container of a workload's pod."""
        spec = known(
            workload["spec"]["template"]["spec"],
            *["serviceAccountName", "automountServiceAccountToken", "enableServiceLinks", "hostNetwork"],
            *["priorityClassName", "terminationGracePeriodSeconds", "securityContext", "containers", "volumes"],
            *["affinity", "tolerations"],
        )
        assert not spec.get("hostNetwork") and spec["automountServiceAccountToken"] is False
        own = known(
            container(workload),
            *["name", "image", "imagePullPolicy", "command", "args", "env", "ports", "readinessProbe", "livenessProbe"],
            *["resources", "securityContext", "volumeMounts"],
        )
        rights = known(
            {**spec["securityContext"], **own["securityContext"]},
            *["runAsUser", "runAsGroup", "runAsNonRoot", "supplementalGroups", "fsGroup", "fsGroupChangePolicy"],
            *["allowPrivilegeEscalation", "readOnlyRootFilesystem", "capabilities", "seccompProfile", "seLinuxOptions"],
        )
        assert rights["allowPrivilegeEscalation"] is False and rights["readOnlyRootFilesystem"] is True
        assert rights["capabilities"]["drop"] == ["ALL"] and rights["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not (rights.get("runAsNonRoot") and rights["runAsUser"] == 0)
        groups = [*rights.get("supplementalGroups", []), *([rights["fsGroup"]] if "fsGroup" in rights else [])]
        volumes = {item["name"]: self.volume(item, objects, rights.get("fsGroup", 0)) for item in spec["volumes"]}
        environment = {}
        for item in own["env"]:
            assert item.get("value") or item["valueFrom"] == {"fieldRef": {"fieldPath": "spec.nodeName"}}
            environment[item["name"]] = item.get("value") or self.name
        limit = re.fullmatch(r"(\d+)(Ki|Mi|Gi)", known(own["resources"], "requests", "limits")["limits"]["memory"])
        return Pod(
            image,
            directory,
            own,
            command=own["command"],
            args=[expanded(argument, environment) for argument in own["args"]],
            env=[f"{name}={value}" for name, value in environment.items()],
            user=(rights["runAsUser"], rights["runAsGroup"]),
            groups=groups,
            capabilities=rights["capabilities"].get("add", []),
            memory=int(limit[1]) * UNITS[limit[2]],
            mounts=[
                (volumes[item["name"]], item["mountPath"], "ro" if item.get("readOnly") else "rw")
                for item in (known(item, "name", "mountPath", "readOnly") for item in own["volumeMounts"])
            ],
        )


def expanded(argument, environment):
    """Kubernetes replaces $(NAME) of known variables."""
    return re.sub(r"\$\((\w+)\)", lambda found: environment.get(found[1], found[0]), argument)


class Pod(Container):
    """A container with the probes of its manifest."""

    def __init__(self, image, directory, own, **settings):
        super().__init__(image, directory, **settings)
        self.own = own
        self.ports = {item["name"]: item["containerPort"] for item in own["ports"]}

    def probe(self, name):
        """Whether a probe succeeds, asked for as the kubelet does: any certificate, and a status from 200 to 399."""
        probe = self.own[name]
        if "tcpSocket" in probe:
            port = self.ports[known(probe["tcpSocket"], "port")["port"]]
            return self.connects(port)
        request = known(probe["httpGet"], "path", "port", "scheme", "httpHeaders")
        headers = [f"{item['name']}: {item['value']}" for item in request.get("httpHeaders", [])]
        flags = ["--insecure", *[part for header in headers for part in ("--header", header)]]
        status = self.get(request["path"], *flags, scheme=request["scheme"].lower(), port=self.ports[request["port"]])[
            0
        ]
        return 200 <= status < 400
