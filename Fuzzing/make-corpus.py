#!/usr/bin/env python3
"""Writes the corpus that the fuzzer begins with: a few inputs a target, from the fixtures and by hand."""
import gzip
import itertools
import pathlib
import random

HERE = pathlib.Path(__file__).resolve().parent
LOG = HERE.parent / "Tests/Fixtures/audit-logs/metadata.log"
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
write("differential", lines)
write("lines", ["\n".join(lines), short + "\r\n\n \n" + short, "\n\n", "no JSON\n" + wanted[1] + "\n"])

head = '{"kind":"EventList","apiVersion":"audit.k8s.io/%s","metadata":{},"items":%s}'
items = ["[]", "null", "{}", f"[{short}]", f"[{short},{{}},{spelled}]", f"[{wanted[0]},{other[0]}]", "[7]"]
write("eventlist", [head % version for version in itertools.product(["v1", "v1beta1"], items)])

networks = ["10.0.0.0/8", "::/0", "2001:db8::/32", "192.0.2.1", "::ffff:192.0.2.0/120", "fe80::1/128", "0.0.0.0/0"]
addresses = ["10.1.2.3", "1::8", "2001:db8:0:0:1::2", "192.0.2.1", "::ffff:192.0.2.9", "fe80::1", "1.2.3.4:5"]
write("addresses", map("\n".join, zip(networks, addresses)))

tls = "tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n"
write("webconfiguration", [
    tls, tls + "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n  min_version: TLS13\n",
    "tls_server_config: {cert_file: &a [], key_file: *a}\n", "basic_auth_users:\n  a: b\n", "", "---\n...\n",
    "a: 1\na: 2\n", "? [a]\n: b\n", "<<: *a\n", "!!binary aGE=: \"\\u0041\"\n"])

write("headers", [
    "application/openmetrics-text;version=1.0.0;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "text/*;q=0", "*", "text/plain;version=\"0.0\\.4\" , ,;;q=nan", "127.0.0.1:0", "[fe80::1%eth0]:9100", ":1"])

text = ("\n".join(wanted[:2])).encode()
packed = gzip.compress(text, mtime=0)
frame = bytes.fromhex("28b52ffd2003190000610a62")
write("decompression", [
    b"\x31" + packed, b"\xff" + gzip.compress(b"", mtime=0) + gzip.compress(b"a\n", mtime=0),
    b"\x04" + packed[:100], b"\x10" + gzip.compress(b"x" * 20000, mtime=0), b"\x22" + frame, b"\x00" + frame + frame])

numbers = random.Random(403)
write("following", [bytes([mode]) + bytes(numbers.randrange(256) for _ in range(length))
                    for mode in range(4) for length in (8, 30, 80)])
