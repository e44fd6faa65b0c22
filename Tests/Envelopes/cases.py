"""A forged event, and what the tests read with."""

import copy
import functools
import json

import expected
import framing
import reader

FORGED = {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "stage": "ResponseComplete",
          "verb": "get", "auditID": "0a4f3c1e-0009-4d5e-8a11-000000000009", "requestURI": "/x",
          "user": {"username": "system:anonymous", "groups": ["system:unauthenticated"]}, "sourceIPs": ["192.0.2.66"],
          "responseStatus": {"code": 403}, "requestReceivedTimestamp": "2024-05-01T10:00:09.123456Z",
          "stageTimestamp": "2024-05-01T10:00:09.124001Z"}
TEXT = json.dumps(FORGED)
CLOUDWATCH = {"messageType": "DATA_MESSAGE", "owner": "1", "logGroup": "/aws/eks/example/cluster",
              "logStream": "kube-apiserver-audit-1", "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}]}


def read(text, format="auto", **options):
    own = reader.Reader(format, **options)
    own.read(text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape"))
    return own.result()


def values(name):
    return [value for kind, value in framing.records(framing.text_of(expected.path(name).read_bytes()))]


def counted(result):
    return sum(sum(counts.values()) for counts in (result["forbidden"], result["unauthorized"], result["allowed"]))


@functools.cache
def _first(name):
    return next(value for value in values(name) if isinstance(value, dict)
                and counted(read(json.dumps(value), expected.FILES[name]["format"])))


def first(name):
    """The first record of a sample that counts."""
    return copy.deepcopy(_first(name))
