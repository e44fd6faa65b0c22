"""Random requests and their audit events, with hostile strings, and the number of requests that must be counted."""

import json

FORGED = ('{"kind":"Event","apiVersion":"audit.k8s.io/v1","stage":"ResponseComplete","verb":"get","user":{"username":'
          '"system:anonymous","groups":["system:unauthenticated"]},"sourceIPs":["192.0.2.66"],"responseStatus":'
          '{"code":403}}')
# As a client or a proxy writes an address, and as it is shown.
ADDRESSES = tuple((f"203.0.113.{host}",) * 2 for host in range(1, 20)) + (
    ("2001:db8::5", "2001:db8::5"), ("2001:DB8:0:0::6", "2001:db8::6"), ("::ffff:198.51.100.7", "198.51.100.7"),
    ("not an address", "invalid"), ("203.0.113.300", "invalid"), ("", "invalid"))
HOSTILE = (
    FORGED, FORGED[:-1], "}" + FORGED, '"}' + FORGED, '\\"}' + FORGED, '"]: ' + FORGED, "\n" + FORGED, "\0" + FORGED,
    "\n2024-05-01T10:00:00.000000000Z stdout F " + FORGED, "\n<13>May  1 10:00:00 h t: " + FORGED,
    json.dumps({"log": FORGED, "stream": "stdout", "time": "x"}), json.dumps({"date": 1, "log": FORGED}),
    json.dumps({"records": [{"category": "kube-audit", "properties": {"log": FORGED}}]}),
    json.dumps({"messageType": "DATA_MESSAGE", "logStream": "kube-apiserver-audit-x", "logGroup": "g",
                "logEvents": [{"message": FORGED}]}),
    json.dumps({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [json.loads(FORGED)]}),
    "\u0085", "\u2028\u2029", "ö ß €", "\U0001f600", '"', "\\", "\\\\", '\\"', "\\u0022", "\\ud800", "\\n",
    "\x01\x1f\x7f",
    "<a>&</a>", "[Truncated...]", "}{", "}\n{", "]]]]", "\t", " ", "system:unauthenticated", "\ufeff", "%s%n", "{{.}}")
# JSON of a client, which an API server copies byte by byte.
RAW = (
    b'{"a":"\xff\xfe\xc3"}', b'{"a":"\\ud800","b":"\\udc00\\ud800"}', b'{"kind":"Pod","n":1e999,"m":-0.0}', b"[[[[]]]]",
    FORGED.encode(), b'{"items":[' + FORGED.encode() + b']}', b'{"log":' + json.dumps(FORGED).encode() + b"}",
    b'{"a":1,"a":2}', b'"' + b"x" * 300 + b'"', b'{"\\u006cog":"x"}', b"null")
PATHS = ("/api/v1/namespaces/kube-system/secrets", "/admin", "/.env", "/apis", "/api/v1/pods?watch=true&x=%22",
         "/readyz/../api", "/version//", "/VERSION")
OPEN_PATHS = ("/version", "/healthz", "/readyz/etcd", "/livez?verbose=1", "/openid/v1/jwks")
ANONYMOUS = {"username": "system:anonymous", "groups": ["system:unauthenticated"]}


class Event:
    """An event: its members, and what a client sent, byte by byte."""

    def __init__(self, members, raw=None):
        self.members, self.raw = members, raw

    def text(self):
        """As an API server writes it."""
        text = json.dumps(self.members, ensure_ascii=False, separators=(",", ":"))
        for letter in "<>&\u2028\u2029":
            text = text.replace(letter, f"\\u{ord(letter):04x}")
        data = text.encode()
        return data if self.raw is None else data[:-1] + b',"requestObject":' + self.raw + b"}"


class Truth:
    """What a reader must find."""

    def __init__(self):
        self.requests = {"forbidden": {}, "unauthorized": {}, "allowed": {}}
        self.events = self.foreign = self.truncated = self.malformed = 0

    def count(self, outcome, sources):
        for source in sources:
            found = self.requests[outcome]
            found[source] = found.get(source, 0) + 1

    def result(self):
        return {outcome: dict(sorted(counts.items())) for outcome, counts in self.requests.items()} | {
            "events": self.events, "foreign": self.foreign, "truncated": self.truncated, "malformed": self.malformed}


class Requests:
    """An endless sequence of events. Takes constant memory, however many there are."""

    def __init__(self, random, truth, is_plain=False, is_tame=False):
        self.random, self.truth = random, truth
        # Plain: for schemas that have one stage, one address, no query. Tame: short strings, for measurements.
        self.is_plain, self.is_tame = is_plain, is_tame
        self.number = 0
        self._waiting, self._last = [], None

    def hostile(self, limit=3):
        parts = [self.random.choice(HOSTILE) for _ in range(self.random.randint(0, limit))]
        if self.random.random() < 0.02:
            parts.append("A" * self.random.randint(1000, 20000))
        return "" if self.is_tame else "".join(parts)

    def next(self, is_counted=True):
        """The next event. One that is not counted is delivered cut off, and never again."""
        random = self.random
        if is_counted and self._waiting:
            event = self._waiting.pop()
        elif is_counted and self._last and random.random() < 0.05:
            event = self._last
        else:
            return self._new(is_counted)
        self.truth.events += 1
        return event

    def _new(self, is_counted):
        random, number = self.random, self.number
        self.number += 1
        kind = random.choice((
            "forbidden", "forbidden", "unauthorized", "allowed", "open", "named", "impersonated", "error"))
        sources = [random.choice(ADDRESSES)]
        if random.random() < 0.2 and not self.is_plain:
            sources = [random.choice(ADDRESSES) for _ in range(random.randint(1, 3))] + sources
        has_time = self.is_plain or random.random() < 0.97
        clock = f"2024-05-01T{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        received = f"{clock}.{number % 1000000:06}Z" if has_time else f"{clock}Z"
        audit_id = f"0a4f3c1e-{number:012}"
        if not self.is_plain and random.random() < 0.1:
            audit_id += self.hostile(1)
        path = random.choice(OPEN_PATHS if kind == "open" else PATHS)
        if self.is_plain:
            path = path.split("?")[0]
        elif "?" in path:
            path += self.hostile(1)
        code = {"forbidden": 403, "unauthorized": 401, "allowed": 200, "open": 200, "named": 403, "impersonated": 403,
                "error": 500}[kind]
        if not self.is_plain and kind == "allowed":
            code = random.choice((200, 201, 302, 101))
        members = {
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": audit_id,
            "stage": "ResponseComplete", "requestURI": path,
            "verb": random.choice(("get", "list", "watch")), "user": dict(ANONYMOUS),
            "sourceIPs": [written for written, _ in sources], "userAgent": "probe/1.0 " + self.hostile(),
            "responseStatus": {"metadata": {}, "code": code, "message": self.hostile(1)},
            "requestReceivedTimestamp": received, "stageTimestamp": received[:-1] + ("9Z" if has_time else "Z")}
        if kind == "unauthorized":
            members["user"] = {}
        elif kind in ("named", "impersonated"):
            members["user"] = {"username": "alice@example.com", "groups": ["system:authenticated"]}
            if kind == "impersonated":
                members["impersonatedUser"] = dict(ANONYMOUS)
        if random.random() < 0.3 and not self.is_plain:
            members["annotations"] = {"log": self.hostile(1), "x": FORGED, "records": self.hostile(1)}
        event = Event(members, random.choice(RAW) if random.random() < 0.3 and not self.is_tame else None)
        if not is_counted:
            return event
        self.truth.events += 1
        if kind in self.truth.requests:
            shown = [canonical for _, canonical in sources]
            claimed = {source for source in shown[:-1] if source != shown[-1]}
            self.truth.count(kind, [shown[-1] + " verified"] + sorted(source + " claimed" for source in claimed))
        # Without exact times each event is a request of its own; it must not come again.
        if has_time:
            self._last = event
            if kind == "forbidden" and not self.is_plain and random.random() < 0.2:
                second = dict(members, stage="ResponseStarted", stageTimestamp=received[:-1] + "5Z")
                self._waiting = [Event(second, event.raw)]
        return event
