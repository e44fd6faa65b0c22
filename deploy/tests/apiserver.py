"""As much of an API server as `kubectl apply --dry-run=client` asks for: which kinds exist, and that no object does."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# By API version: (plural, kind, whether it is in a namespace).
KINDS = {
    "v1": [
        ("configmaps", "ConfigMap", True),
        ("secrets", "Secret", True),
        ("services", "Service", True),
        ("serviceaccounts", "ServiceAccount", True),
        ("persistentvolumeclaims", "PersistentVolumeClaim", True),
        ("namespaces", "Namespace", False),
        ("pods", "Pod", True),
    ],
    "apps/v1": [("daemonsets", "DaemonSet", True), ("deployments", "Deployment", True)],
    "networking.k8s.io/v1": [("networkpolicies", "NetworkPolicy", True)],
    "rbac.authorization.k8s.io/v1": [("roles", "Role", True), ("rolebindings", "RoleBinding", True)],
    "monitoring.coreos.com/v1": [
        ("podmonitors", "PodMonitor", True),
        ("servicemonitors", "ServiceMonitor", True),
        ("prometheusrules", "PrometheusRule", True),
    ],
    "monitoring.coreos.com/v1alpha1": [("alertmanagerconfigs", "AlertmanagerConfig", True)],
    "security.openshift.io/v1": [("securitycontextconstraints", "SecurityContextConstraints", False)],
}


def answer(path):
    """The document at a path, or None."""
    if path == "/version":
        return {"major": "1", "minor": "31", "gitVersion": "v1.31.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    groups = {}
    for version in KINDS:
        if "/" in version:
            group, name = version.split("/")
            groups.setdefault(group, []).append({"groupVersion": version, "version": name})
    if path == "/apis":
        return {
            "kind": "APIGroupList",
            "apiVersion": "v1",
            "groups": [
                {"name": group, "versions": versions, "preferredVersion": versions[0]}
                for group, versions in groups.items()
            ],
        }
    for version, kinds in KINDS.items():
        if path == ("/api/" if version == "v1" else "/apis/") + version:
            return {
                "kind": "APIResourceList",
                "apiVersion": "v1",
                "groupVersion": version,
                "resources": [
                    {
                        "name": plural,
                        "singularName": "",
                        "kind": kind,
                        "namespaced": namespaced,
                        "verbs": ["create", "get", "list", "patch"],
                    }
                    for plural, kind, namespaced in kinds
                ],
            }
    return None


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        document = answer(self.path.split("?")[0])
        status = 200
        if document is None:
            status = 404
            document = {
                "kind": "Status",
                "apiVersion": "v1",
                "status": "Failure",
                "reason": "NotFound",
                "code": 404,
                "message": f"{self.path} not found",
            }
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self):
        """Nothing may be written in a dry run of the client."""
        self.server.writes.append(f"{self.command} {self.path}")
        self.send_error(405)

    do_POST = do_PUT = do_PATCH = do_DELETE = refuse

    def log_message(self, *arguments):
        pass


class APIServer:
    """Runs on a free port of the loopback interface within `with`."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.writes = []
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        return self

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
