#!/usr/bin/env python3
"""Generates the initial corpus of the fuzzer: a few inputs per target, from the fixtures and written by hand.

Their file names are numbers. Files with other names were found by fuzzing; this script does not change them.
"""
import gzip
import itertools
import json
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
LOGS = HERE.parent / "Tests/Fixtures/audit-logs"
LOG = LOGS / "metadata.log"
GROUP = '"user":{"username":"system:anonymous","groups":["system:unauthenticated"]}'


def write(target, contents):
    folder = HERE / "Corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        content = content if isinstance(content, bytes) else content.encode()
        (folder / f"{number:02}").write_bytes(content)


wanted = [line for line in LOG.read_text().splitlines() if "system:unauthenticated" in line]
other = [line for line in LOG.read_text().splitlines() if "system:unauthenticated" not in line]
short = '{"auditID":"1","stage":"ResponseComplete",%s,"sourceIPs":["192.0.2.1"],"responseStatus":{"code":403}}' % GROUP
spelled = short.replace("system:un", "\\u0073ystem\\u003Aun").replace("403", "4.03e2")
lines = [wanted[0], wanted[20], other[0], short, spelled, '{"user":null}', "{}", "[]", short[:-1], "\xef\xbb\xbf" + short]
torn = wanted[0][:300] + wanted[1]
sent = wanted[0][:-1] + ',"requestObject":' + wanted[20]
# Requests that were not authenticated, with other spellings of the code, and allowed ones, of which one is for an open path.
unauthorized = next(line for line in (LOGS / "hardened.log").read_text().splitlines() if '"code":401' in line)
bare = '{"auditID":"1","user":{},"responseStatus":{"code":%s}}'
codes = [bare % code for code in ["401", " 401\t", "401.0", "4.01e2", "4010", '"401"', "40100e-2"]]
allowed = short.replace("403", "200")
outcomes = [unauthorized, *codes, bare.replace("code", "c\\u006fde") % "401", bare.replace("{}", "null") % "401", allowed,
    allowed[:-1] + ',"requestURI":"/healthz/%2e%2e/api","verb":"get"}', allowed[:-1] + ',"requestURI":"/%68ealthz?x"}']
docker = '{"log":"system:unauthenticated\\n","stream":"stdout","time":"2024-05-01T10:00:01.1Z"}'
write("differential", lines + [torn, sent + wanted[1], wanted[0] + wanted[1][:50], docker, *outcomes, unauthorized[:200] + unauthorized])
nul = "\0" * 20
write("lines", ["\n".join(lines), short + "\r\n\n \n" + short, "\n\n", "no JSON\n" + wanted[1] + "\n",
    "\ufeff" + short + "\n" + nul + short + "\n" + short[:50] + nul + short + "\n" + nul, torn + "\n" + sent + "\n" + docker, "\n".join(outcomes)])

# In the order of AuditFormat.
FORMATS = ("auto eks aks gke cri docker fluent-bit fluentd vector filebeat elasticsearch otlp loki syslog journald "
    "splunk-hec gelf ovh oc-node-logs").split()
SAMPLES = HERE.parent / "Tests/Fixtures/envelopes"
expected = json.loads((HERE.parent / "Tests/Envelopes/expected.json").read_text())
write("envelopes", [bytes([FORMATS.index(sample["format"])]) + (SAMPLES / name).read_bytes()
    for name, sample in sorted(expected.items()) if not name.endswith(".gz")])

head = '{"kind":"EventList","apiVersion":"audit.k8s.io/%s","metadata":{},"items":%s}'
items = ["[]", "null", "{}", f"[{short}]", f"[{short},{{}},{spelled}]", f"[{wanted[0]},{other[0]}]", "[7]",
    "[" + ",\n".join(outcomes) + "]"]
write("eventlist", [head % version for version in itertools.product(["v1", "v1beta1"], items)])

networks = ["10.0.0.0/8", "::/0", "2001:db8::/32", "192.0.2.1", "::ffff:192.0.2.0/120", "fe80::1/128", "0.0.0.0/0"]
addresses = ["10.1.2.3", "1::8", "2001:db8:0:0:1::2", "192.0.2.1", "::ffff:192.0.2.9", "fe80::1", "1.2.3.4:5"]
write("addresses", map("\n".join, zip(networks, addresses)))

# The key is the example in RFC 8410, 10.3, so it is not a secret.
key = """\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
"""
certificate = """\
-----BEGIN CERTIFICATE-----
MIHUMIGHAhRXqKyIlVaztVHAbx0qmVc+c3/BdDAFBgMrZXAwDDEKMAgGA1UEAwwB
YTAgFw0yNjExMjUwNTUyMThaGA8yMTI2MTEwMTA1NTIxOFowDDEKMAgGA1UEAwwB
YTAqMAUGAytlcAMhABm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbhMAUG
AytlcANBAMvfjtlpVwdvKKonPlcx3DYQSvsnVzbjmEt30HZfoHaS91yZqvj1Cy1o
26u4+Spl0pC8WyIh+9cxJWiW3U5nyw8=
-----END CERTIFICATE-----
"""


def inline(text):
    return "|\n" + "".join(f"    {line}\n" for line in text.splitlines())


tls = "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"
write("webconfiguration", [
    tls, tls + "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n  min_version: TLS13\n",
    "tls_server_config: {cert_file: &a [], key_file: *a}\n", "basic_auth_users:\n  a: b\n", "", "---\n...\n",
    "a: 1\na: 2\n", "? [a]\n: b\n", "<<: *a\n", "!!binary aGE=: \"\\u0041\"\n",
    f"tls_server_config:\n  cert: {inline(certificate)}  key: {inline(key)}",
    f"tls_server_config:\n  cert: {inline(certificate + certificate)}  key: {inline(key)}  client_ca: {inline(certificate)}",
    "http_server_config:\n  http2: false\n  headers:\n    X-Frame-Options: deny\n",
    "rate_limit:\n  interval: 1s\n  burst: 20\n",
    "basic_auth_users:\n  alice: $2y$04$abcdefghijklmnopqrstuujydOTSfIH/d5oUHpsygqV5X9xJLQc6e\n"])

entry = "filters:\n  - name: probes\n    networks: [10.0.0.0/8, '2001:db8::/32']\n    user_agents: [\"kube-probe/*\"]\n"
write("filter", [
    entry, entry + "    request_uris: [/readyz, '/livez?*']\n", entry + entry[9:], "filters: []\n", "", "filters:\n- a\n",
    "filters:\n  - name: a\n    request_uris: ['*']\n\0/api*\\*?\0/api/v1/*x", "filters:\n  - name: [\n",
    "\0*a*b*a*b*\0abababababa\0?\0\u00e9\0**\0\0\\\0", "filters: [{name: '', networks: 7}]\n",
    entry + "    verbs: [get, list]\n    outcomes: [forbidden, unauthorized]\n"])

write("headers", [
    "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "text/*;q=0", "*", "text/plain;version=\"0.0\\.4\" , ,;;q=nan", "127.0.0.1:0", "[fe80::1%eth0]:9100", ":1"])

good = "YWxpY2U6c2VjcmV0"
head = "HTTP/1.1\r\nHost: a\r\n"
write("requests", [
    "1metrics\n\ngzip", "1a%20b\n\nidentity;q=1, *;q=0", "1%c3%A9\n\n*", "1%25\n\ngzip;q=0", "1%4\n\n", "1%ff%fe\n\n",
    f"1\nbasic  {good}\ndeflate, gzip;q=0.5", "1\nBasic YWxpY2U6\n", f"1\nBearer {good}\n", "1a/../b\n\n",
    f"0GET / {head}Authorization: Basic {good}\r\n\r\n" * 2, f"0GET /?a=b {head}\r\n", f"0POST / {head}Content-Length: 3\r\n\r\nabc",
    f"0POST /a {head}Transfer-Encoding: chunked\r\nAuthorization: Basic {good}\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    f"0POST / {head}Expect: 100-continue\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n", "0GET / HTTP/1.0\n\n",
    f"0HEAD / {head}Authorization: Basic {good}\r\nAccept-Encoding: gzip\r\n\r\n", "0\x16\x03\x01"])

write("exposition", [
    "\0\0\0\0\0\0\0\7What is counted.\0192.0.2.1\0K\u00f6ln\0verified", "\x3f\xf0\0\0\0\0\0\0a\\n\nb\"\0\\\0\"\n\0}",
    "\x7f\xf8\0\0\0\0\0\1\0\0\0", "12345678\n# EOF\n\0\r\n\0\u2028\0" + "x" * 200 + "\0a\0b\0c"])

numbers = random.Random(8410)
write("state", [bytes([mode]) + bytes(numbers.randrange(256) for _ in range(length))
                for mode in range(4) for length in (20, 60)])

text = ("\n".join(wanted[:2])).encode()
packed = gzip.compress(text, mtime=0)
frame = bytes.fromhex("28b52ffd2003190000610a62")
write("decompression", [
    b"\x31" + packed, b"\xff" + gzip.compress(b"", mtime=0) + gzip.compress(b"a\n", mtime=0),
    b"\x04" + packed[:100], b"\x10" + gzip.compress(b"x" * 20000, mtime=0), b"\x22" + frame, b"\x00" + frame + frame])

numbers = random.Random(403)
write("following", [bytes([mode]) + bytes(numbers.randrange(256) for _ in range(length))
                    for mode in range(16) for length in (8, 32)])
