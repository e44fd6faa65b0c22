#!/usr/bin/env python3
"""Drives Chromium as a reader does: opens pages, types, presses keys, and looks at the result.

    python3 Tests/Browser/drive.py [--login USER:PASSWORD] < steps.json > results.json

Steps are a list of objects, each with one of:

    {"open": URL}            loads a page, and waits until its scripts ran
    {"size": [W, H]}         sets the size of the window in CSS pixels
    {"type": TEXT}           types a text where the focus is
    {"key": NAME}            presses Tab, Enter or Escape
    {"click": SELECTOR}      clicks in the middle of an element
    {"until": EXPRESSION}    waits until an expression of JavaScript is true, at most 20 s
    {"value": EXPRESSION}    adds the value of an expression to the results

It speaks the DevTools protocol over a pipe, and uses nothing but Python's standard library. Certificates are not checked.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

PATIENCE = 20
KEYS = {"Tab": (9, ""), "Enter": (13, "\r"), "Escape": (27, "")}


class Browser:
    def __init__(self, profile, login):
        # The browser reads commands from descriptor 3 and writes answers to descriptor 4.
        their_input, self.output = os.pipe()
        self.input, their_output = os.pipe()
        flags = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--ignore-certificate-errors",
            "--remote-debugging-pipe", f"--user-data-dir={profile}"]
        # The descriptors must not be among those that the shell replaces.
        shell = f'exec 3<&{their_input} 4>&{their_output}; exec "$@"'
        self.process = subprocess.Popen(
            ["sh", "-c", shell, "sh", os.environ.get("CHROMIUM", "chromium")] + flags, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=[their_input, their_output])
        os.close(their_input)
        os.close(their_output)
        self.buffer, self.number, self.login, self.answered, self.loaded = b"", 0, login, set(), set()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)
        if login:
            self.call("Fetch.enable", handleAuthRequests=True)

    def send(self, method, parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if hasattr(self, "session"):
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.output, data):]
        return self.number

    def call(self, method, **parameters):
        number = self.send(method, parameters)
        while True:
            message = self.receive()
            if message.get("id") == number:
                if "error" in message and method != "Runtime.evaluate":
                    sys.exit(f"{method}: {message['error']}")
                return message.get("result", {"result": {}, "exceptionDetails": message.get("error")})

    def receive(self):
        while b"\0" not in self.buffer:
            data = os.read(self.input, 1 << 16)
            if not data:
                sys.exit("the browser ended")
            self.buffer += data
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        event, parameters = message.get("method"), message.get("params", {})
        if event == "Page.lifecycleEvent" and parameters["name"] == "load":
            self.loaded.add(parameters["loaderId"])
        elif event == "Fetch.requestPaused":
            self.send("Fetch.continueRequest", {"requestId": parameters["requestId"]})
        elif event == "Fetch.authRequired":
            name, password = self.login.split(":", 1)
            answer = {"response": "ProvideCredentials", "username": name, "password": password}
            # A second question for the same request: they were wrong.
            if parameters["requestId"] in self.answered:
                answer = {"response": "CancelAuth"}
            self.answered.add(parameters["requestId"])
            self.send("Fetch.continueWithAuth", {"requestId": parameters["requestId"], "authChallengeResponse": answer})
        return message

    def open(self, url):
        result = self.call("Page.navigate", url=url)
        if "errorText" in result:
            sys.exit(f"{url}: {result['errorText']}")
        while result["loaderId"] not in self.loaded:
            self.receive()

    def size(self, size):
        self.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False)

    def type(self, text):
        for character in text:
            self.call("Input.insertText", text=character)

    def key(self, name):
        code, text = KEYS[name]
        for kind in ["keyDown", "keyUp"]:
            self.call(
                "Input.dispatchKeyEvent", type=kind, key=name, code=name, windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "")

    def click(self, selector):
        place = self.value(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ["mousePressed", "mouseReleased"]:
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def value(self, expression):
        value, error = self.evaluate(expression)
        if error:
            sys.exit(f"{expression}: {error}")
        return value

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        return result["result"].get("value"), result.get("exceptionDetails")

    def until(self, expression):
        deadline = time.monotonic() + PATIENCE
        # Between two pages an expression may fail.
        while not self.evaluate(expression)[0]:
            if time.monotonic() > deadline:
                page = self.value("location.href + '\\n' + document.body.innerText.slice(0, 1000)")
                sys.exit(f"never true: {expression}\n{page}")
            time.sleep(0.02)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--login")
    arguments = parser.parse_args()
    profile = tempfile.mkdtemp()
    browser = None
    try:
        browser = Browser(profile, arguments.login)
        results = []
        for step in json.load(sys.stdin):
            (name, argument), = step.items()
            result = getattr(browser, name)(argument)
            if name == "value":
                results.append(result)
        json.dump(results, sys.stdout)
    finally:
        if browser:
            browser.process.terminate()
            browser.process.wait()
        shutil.rmtree(profile, ignore_errors=True)


main()
