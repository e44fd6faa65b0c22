"""Which requests count, once each, and whose they are: contract.md's rules."""

import ipaddress
import re
from urllib.parse import unquote_to_bytes

from jsontext import without_surrogates

GROUP = "system:unauthenticated"
OPEN = {"/healthz", "/livez", "/readyz", "/version", "/version/", "/openid/v1/jwks",
        "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"}
OPEN_BELOW = ("/healthz/", "/livez/", "/readyz/")
CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_EXACT_TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6,9}(?:Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII)


def _text(value):
    return without_surrogates(value) if isinstance(value, str) else ""


def _object(value):
    return value if isinstance(value, dict) else {}


def _strings(value):
    return [_text(entry) for entry in value] if isinstance(value, list) else []


def _integer(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if abs(value) < 1e15 and value == int(value) else None


def _is_open(uri, verb):
    raw = uri.split("?", 1)[0]
    if len(raw.encode("utf-8", "replace")) > 256 or re.search(r"%(?![0-9A-Fa-f]{2})", raw):
        return False
    try:
        path = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return False
    segments = path.split("/")
    if any(segment in (".", "..") for segment in segments) or "" in segments[1:-1]:
        return False
    return path in OPEN or path.startswith(OPEN_BELOW) or verb == "get" and path == CLUSTER_INFO


def outcome(event):
    """forbidden, unauthorized, allowed, or None."""
    number = _object(event.get("responseStatus")).get("code")
    code = _integer(number)
    if code is None:
        return None
    user = _object(event.get("user"))
    has_group = GROUP in _strings(user.get("groups"))
    if has_group and code == 403:
        return "forbidden"
    # Only its code is searched for; no program writes it as 4.01e2.
    if code == 401 and getattr(number, "spelling", "401").startswith("401") and not _text(user.get("username")):
        return "unauthorized"
    if has_group and 100 <= code <= 399:
        return None if _is_open(_text(event.get("requestURI")), _text(event.get("verb"))) else "allowed"
    return None


def address(text):
    """An address as it is written canonically; None if it is none."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    if found.version == 6:
        if found.scope_id:
            return None
        if found.ipv4_mapped:
            found = found.ipv4_mapped
    return str(found)


def sources(addresses):
    """(source, origin) of one request. The client wrote all but the last address."""
    if not addresses:
        return {("invalid", "verified")}
    written = [address(entry) or "invalid" for entry in addresses]
    verified = written[-1]
    return {(verified, "verified")} | {(entry, "claimed") for entry in written[:-1] if entry != verified}


class Requests:
    """Alike events are as many requests as the largest number of different stage timestamps in any one stage."""

    def __init__(self):
        self._stages = {}
        self._incomplete = 0

    def add(self, event):
        kind = outcome(event)
        if kind is None:
            return
        audit_id, received = _text(event.get("auditID")), _text(event.get("requestReceivedTimestamp"))
        stage, time = _text(event.get("stage")), _text(event.get("stageTimestamp"))
        addresses = tuple(_strings(event.get("sourceIPs")))
        identity = (audit_id, received, addresses, _text(event.get("verb")), _text(event.get("requestURI")),
                    _text(event.get("userAgent")))
        if not (audit_id and _EXACT_TIME.fullmatch(received) and _EXACT_TIME.fullmatch(time)):
            # It may be equal to an event of another request: each is a request of its own.
            self._incomplete += 1
            identity += (self._incomplete,)
        self._stages.setdefault((kind, identity), {}).setdefault(stage, set()).add(time)

    def counts(self):
        """{outcome: {"ADDRESS ORIGIN": requests}}"""
        found = {"forbidden": {}, "unauthorized": {}, "allowed": {}}
        for (kind, identity), stages in self._stages.items():
            count = max(map(len, stages.values()))
            for source, origin in sources(identity[2]):
                key = f"{source} {origin}"
                found[kind][key] = found[kind].get(key, 0) + count
        return {kind: dict(sorted(counts.items())) for kind, counts in found.items()}
