"""How an event is embedded, and the two schemas that are no audit events."""

import base64
import binascii
import re

import counting
import framing
import jsontext

# https://cloud.google.com/apis/design/errors, gRPC code to HTTP.
GKE_CODES = {0: 200, 3: 400, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 13: 500, 14: 503, 16: 401}
AKS_COLUMNS = {
    "AuditId": "auditID", "SourceIps": "sourceIPs", "User": "user", "ResponseStatus": "responseStatus", "Verb": "verb",
    "RequestUri": "requestURI", "UserAgent": "userAgent", "Stage": "stage",
    "RequestReceivedTime": "requestReceivedTimestamp", "StageReceivedTime": "stageTimestamp"}


class Malformed(Exception):
    """A record that is no event, and whose envelope says that it should be."""


class Foreign(Exception):
    """Another program's record."""


class Truncated(Exception):
    """An event that was cut off."""


def look(value, path):
    """(value, True) at a path with dots, or (None, False). A key that holds dots itself is found first."""
    if isinstance(value, list):
        return (value[int(path)], True) if path.isdigit() and int(path) < len(value) else (None, False)
    if not isinstance(value, dict):
        return None, False
    if path in value:
        return value[path], True
    head, _, rest = path.partition(".")
    return look(value[head], rest) if rest and head in value else (None, False)


def decode_base64(value):
    if not isinstance(value, str):
        raise Malformed("no base64")
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise Malformed("no base64") from None


def decode_gzip(value):
    if value[:2] != b"\x1f\x8b":
        raise Malformed("no gzip")
    data, reason = framing.gunzip(value)
    if reason:
        raise Malformed(f"gzip: {reason}")
    return data


def decode_text(value):
    if not isinstance(value, str):
        raise Malformed("no text")
    return value


def decode_bytes(value):
    """journald: a text, bytes as numbers, or null where it left out a long one."""
    if value is None:
        return None
    if isinstance(value, list):
        if not all(isinstance(byte, int) and not isinstance(byte, bool) and 0 <= byte <= 255 for byte in value):
            raise Malformed("an array that is no bytes")
        return framing.text_of(bytes(value))
    return decode_text(value)


DECODERS = {"text": decode_text, "text?": decode_text, "base64": decode_base64, "gzip": decode_gzip,
            "bytes": decode_bytes}


def otlp_value(value):
    """An AnyValue of OpenTelemetry."""
    if not isinstance(value, dict) or len(value) > 1 or value.duplicates:
        raise Malformed("no AnyValue")
    for kind, inner in value.items():
        if kind == "stringValue" and isinstance(inner, str) or kind == "boolValue" and isinstance(inner, bool):
            return inner
        if kind == "intValue" and isinstance(inner, str) and re.fullmatch("-?[0-9]{1,19}", inner):
            return int(inner)
        if kind in ("intValue", "doubleValue") and isinstance(inner, (int, float)) and not isinstance(inner, bool):
            return inner
        if kind == "arrayValue" and isinstance(inner, dict):
            return [otlp_value(entry) for entry in _values(inner)]
        if kind == "kvlistValue" and isinstance(inner, dict):
            return otlp_list(_values(inner))
        if kind == "bytesValue":
            return None
        raise Malformed("no AnyValue")
    return None


def _values(holder):
    values = holder.get("values")
    if values is not None and not isinstance(values, list):
        raise Malformed("no list of values")
    return values or ()


def otlp_list(values):
    found = jsontext.Object()
    for entry in values:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or entry["key"] in found:
            raise Malformed("no list of keys and values")
        found[entry["key"]] = otlp_value(entry.get("value") or jsontext.Object())
    return found


def otlp_body(body):
    value = otlp_value(body)
    if not isinstance(value, (str, dict)):
        raise Malformed("a body that is neither text nor list")
    return value


def otlp_attributes(level):
    """The attributes of a resource, a scope or a log record, which may name its container."""
    found = {}
    for holder in (level.get("resource"), level.get("scope"), level):
        attributes = holder.get("attributes") if isinstance(holder, dict) else None
        if isinstance(attributes, list):
            found |= otlp_list(attributes)
    return found


def gke_event(entry):
    """A LogEntry of GKE as an event. It has one stage, one address, and no groups."""
    payload = entry["protoPayload"]
    status = payload.get("status") or {}
    code = status.get("code", 0) if isinstance(status, dict) else None
    is_number = isinstance(code, int) and not isinstance(code, bool)
    principal, _ = look(payload, "authenticationInfo.principalEmail")
    method = payload.get("methodName")
    resource = payload.get("resourceName")
    return {
        "auditID": entry["insertId"], "requestReceivedTimestamp": entry["timestamp"],
        "stageTimestamp": entry["timestamp"], "stage": "ResponseComplete",
        "sourceIPs": [look(payload, "requestMetadata.callerIp")[0]],
        "userAgent": look(payload, "requestMetadata.callerSuppliedUserAgent")[0],
        "verb": method.rpartition(".")[2] if isinstance(method, str) else "",
        "requestURI": "/" + resource if isinstance(resource, str) else "",
        "user": {"username": principal or "",
                 "groups": [counting.GROUP] if principal == "system:anonymous" else []},
        "responseStatus": {"code": GKE_CODES.get(code) if is_number else None}}


def aks_table_event(row):
    return {event: row[column] for column, event in AKS_COLUMNS.items() if column in row}


BUILDERS = {"gke": gke_event, "aks-table": aks_table_event}
