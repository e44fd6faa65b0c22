"""Audit events in the shapes of Tests/Fixtures/audit-logs, which a real kube-apiserver wrote.

A template is a request: the lines of its events with gaps for auditID, sourceIPs and times. Everything else in a line
(URIs, users, user agents, order of keys, escapes) is as the API server wrote it.
"""

import json
import random
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[1] / "Tests/Fixtures/audit-logs"
TEXT = "system:unauthenticated"
GAPS = re.compile(
    r'(?<="auditID":")[^"]+(?=")|(?<="sourceIPs":\[)[^]]*(?=\])'
    r'|(?<="requestReceivedTimestamp":")[^"]+(?=")|(?<="stageTimestamp":")[^"]+(?=")'
)
# The time between two requests, and how long a request may take, in microseconds.
PAUSE, LONGEST = 1000, 900


@dataclass(frozen=True)
class Request:
    """Lines to format with (auditID, sourceIPs, time received, time of the stage), and each stage's delay."""

    lines: tuple[bytes, ...]
    delays: tuple[int, ...]
    # How many of the lines contain TEXT, anywhere, and how many the analytic counts as an event.
    with_text: int
    events: int


def template(line):
    """The line of a log with gaps; the four fields have to be in the order in which Go writes them."""
    return GAPS.sub("%s", line.replace("%", "%%")).encode()


def made(event):
    """The template of an event that is made here. Only its own four fields have gaps, not those of its objects."""
    gap = "@gap@"
    gaps = {"auditID": gap, "sourceIPs": [gap], "requestReceivedTimestamp": gap, "stageTimestamp": gap}
    event = {**event, **gaps}
    line = goes({key: event[key] for key in ORDER if key in event}) + "\n"
    line = line.replace("%", "%%").replace(f'["{gap}"]', "[%s]").replace(gap, "%s").encode()
    return line


def microseconds(event):
    begin, end = (datetime.fromisoformat(event[key]) for key in ("requestReceivedTimestamp", "stageTimestamp"))
    return min(LONGEST, max(0, round((end - begin).total_seconds() * 1e6)))


def request(lines, events):
    parsed = [json.loads(line) for line in lines]
    templates = tuple(template(line) for line in lines)
    assert all(len(GAPS.findall(line)) == 4 for line in lines), "an event without the four fields, or with others"
    # Each stage has a time of its own, as in real logs.
    delays = tuple(min(LONGEST, microseconds(event) + index) for index, event in enumerate(parsed))
    return Request(templates, delays, sum(TEXT in line for line in lines), events)


def recorded(name, stages=("ResponseStarted", "ResponseComplete", "Panic")):
    """The requests of a recorded log, each as the lines of its events in these stages."""
    found = {}
    with open(FIXTURES / name, encoding="utf-8") as log:
        for line in log:
            event = json.loads(line)
            if event["stage"] in stages:
                key = event["auditID"], event["requestReceivedTimestamp"], event["requestURI"], str(event["sourceIPs"])
                found.setdefault(key, []).append((event, line))
    return list(found.values())


def code_of(event):
    return event.get("responseStatus", {}).get("code")


def authenticated(name, **stages):
    """Requests with a user, without TEXT anywhere, not refused for lack of credentials."""
    return [
        request([line for _, line in group], 0)
        for group in recorded(name, **stages)
        if all(event["user"].get("username", "system:anonymous") != "system:anonymous" for event, _ in group)
        and not any(TEXT in line for _, line in group)
    ]


def forbidden():
    """Requests without credentials that were refused: the ones to count. Refused watches have two events."""
    groups = [
        [line for event, line in group if TEXT in event["user"].get("groups", []) and code_of(event) == 403]
        for group in recorded("metadata.log")
    ]
    # Longer lines are those of the hostile clients of that log; an event of one stage is a request of its own.
    return [request(lines, len(lines)) for lines in groups if lines and max(map(len, lines)) < 1500]


def unauthorized():
    """Requests that were not authenticated, of an API server with anonymous access off."""
    groups = [
        [line for event, line in group if code_of(event) == 401 and not event["user"]]
        for group in recorded("hardened.log")
    ]
    return [request(lines, len(lines)) for lines in groups if lines]


def pod(chance):
    """An object of about 2 KB, with the fields that make real ones long."""
    name = f"web-{chance.randrange(16**10):010x}"
    environment = [
        {"name": f"SETTING_{number}", "value": f'{chance.getrandbits(96):024x} "<&>"'} for number in range(12)
    ]
    fields = {f"f:{word}": {".": {}, "f:name": {}, "f:value": {}} for word in ("env", "image", "ports", "resources")}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": f"{chance.getrandbits(128):032x}",
            "resourceVersion": str(chance.randrange(10**8)),
            "labels": {"app": "web", "pod-template-hash": name[-10:]},
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": fields}],
        },
        "spec": {"containers": [{"name": "web", "image": f"registry.example.com/web:{name}", "env": environment}]},
        "status": {"phase": "Running", "podIP": f"10.1.{chance.randrange(256)}.{chance.randrange(256)}"},
    }


def goes(value):
    """JSON as Go's encoder writes it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


ANONYMOUS = {"username": "system:anonymous", "groups": [TEXT]}
FORGED = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "stage": "ResponseComplete",
    "user": ANONYMOUS,
    "sourceIPs": ["192.0.2.99"],
    "responseStatus": {"metadata": {}, "code": 403},
}
SUBJECTS = [{"kind": "Group", "apiGroup": "rbac.authorization.k8s.io", "name": TEXT}]
# Where TEXT occurs and must not count: fields of the event that have it.
ELSEWHERE = [
    {"responseObject": {"kind": "ClusterRoleBindingList", "items": [{"subjects": SUBJECTS}]}},
    {"requestObject": {"kind": "SubjectAccessReview", "spec": {"user": "system:anonymous", "groups": [TEXT]}}},
    {"requestObject": {"kind": "ConfigMap", "data": {"audit.log": goes(FORGED)}}},
    {"requestObject": FORGED},
    {"userAgent": goes(FORGED)},
    {"annotations": {"authorization.k8s.io/reason": f'RBAC: allowed by "public" to Group "{TEXT}"'}},
    {"impersonatedUser": ANONYMOUS},
]
ORDER = (
    "kind apiVersion level auditID stage requestURI verb user impersonatedUser sourceIPs userAgent objectRef "
    "responseStatus requestObject responseObject requestReceivedTimestamp stageTimestamp annotations"
).split()


def request_response(seed):
    """Requests with objects of 8 to 64 KB, of which one in five has TEXT where it must not count."""
    chance = random.Random(seed)
    models = [
        event
        for group in recorded("metadata.log", stages=("ResponseComplete",))
        for event, line in group
        if event["user"].get("username") in ("system:apiserver", "admin") and TEXT not in line and len(line) < 1500
    ]
    requests = []
    for number in range(200):
        event = dict(chance.choice(models), level="RequestResponse")
        items = [pod(chance) for _ in range(chance.randrange(4, 32))]
        objects = {"requestObject": items[0], "responseObject": {"kind": "PodList", "apiVersion": "v1", "items": items}}
        other = ELSEWHERE[number // 5 % len(ELSEWHERE)] if number % 5 == 0 else {}
        if other and number // 5 // len(ELSEWHERE) % 2:
            # Refused, but with credentials.
            event["responseStatus"] = {"metadata": {}, "status": "Failure", "reason": "Forbidden", "code": 403}
        for key, value in other.items():
            if key in objects and "items" not in value:
                # In front of what fills the line.
                value = {**value, "spec": {**value.get("spec", {}), "items": items}}
            elif key in objects:
                value = {**value, "items": value["items"] + items}
            objects[key] = value
        line = made({**event, **objects})
        requests.append(Request((line,), (microseconds(event),), int(TEXT.encode() in line), 0))
    return requests


def refused_with_objects():
    """Refused requests at level RequestResponse: with the Status that the client got."""
    requests = []
    for group in recorded("metadata.log", stages=("ResponseComplete",)):
        for event, line in group:
            if TEXT in event["user"].get("groups", []) and code_of(event) == 403 and len(line) < 1500:
                status = event["responseStatus"]
                message = 'forbidden: User "system:anonymous" cannot list resource at the cluster scope'
                body = {"kind": "Status", "apiVersion": "v1", **status, "message": message}
                line = made({**event, "level": "RequestResponse", "responseObject": body})
                requests.append(Request((line,), (microseconds(event),), 1, 1))
    return requests
