"""Rules, notifications, dashboards and monitors: what the chart renders is what alerts/ and dashboards/ have."""

import json
import re

import pytest
import yaml
from engines import CHART, ROOT, WEBHOOK, check_operator_types, container, merged, only, program, render, run

RULES = {"monitoring": {"prometheusRule": {"enabled": True}}}
ALERTMANAGER = {"monitoring": {"alertmanagerConfig": {"enabled": True}}}


def rule_settings(**settings):
    return {"monitoring": {"prometheusRule": {"enabled": True, **settings}}}


def groups(*values):
    return only(render(RULES, *values), "PrometheusRule")["spec"]["groups"]


def generated(tmp_path, threshold, window):
    """The groups that alerts/generate makes."""
    run(ROOT / "alerts/generate", "--threshold", threshold, "--window", window, "--output", tmp_path)
    return yaml.safe_load((tmp_path / "prometheusrule.yaml").read_text())["spec"]["groups"]


@pytest.mark.parametrize("threshold, window", [(5, "1h"), (10, "30m"), (1, "2h"), (100, "24h"), (7, "60m")])
def test_the_rules_are_those_of_alerts_generate(threshold, window, tmp_path):
    own = groups({"exporter": {"threshold": threshold, "window": window}})
    assert own == generated(tmp_path, threshold, window)


def test_the_exporter_gets_the_threshold_of_the_rules():
    objects = render({"exporter": {"threshold": 10}}, WEBHOOK)
    for kind in ("DaemonSet", "Deployment"):
        assert "--source.threshold=10" in container(only(objects, kind))["args"]


def test_promtool_accepts_the_rules(tmp_path):
    promtool = program("promtool", "PROMTOOL")
    variants = [
        {},
        {"exporter": {"threshold": 10, "window": "30m"}},
        rule_settings(
            alertLabels={"namespace": "security"},
            disabledAlerts=["KubeAuditNoEvents"],
            runbookURL="https://git.example.com/kube-audit-exporter/blob/main/",
        ),
    ]
    for variant in variants:
        file = tmp_path / "rules.yaml"
        file.write_text(yaml.safe_dump({"groups": groups(variant)}))
        assert "SUCCESS" in run(promtool, "check", "rules", file)


def test_the_rules_that_the_chart_renders_fire(tmp_path):
    """One file of unit tests; the others would show the same, since the rules are equal to those of alerts/."""
    (tmp_path / "access-scanning.rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    test = ROOT / "alerts/links.rules.test.yaml"
    (tmp_path / test.name).write_text(test.read_text())
    run(program("promtool", "PROMTOOL"), "test", "rules", test.name, cwd=tmp_path)


def test_labels_are_added_to_each_alert_and_to_nothing_else():
    plain, labelled = groups(), groups(rule_settings(alertLabels={"namespace": "security"}))
    for before, after in zip(plain, labelled, strict=True):
        for old, new in zip(before["rules"], after["rules"], strict=True):
            expected = {**old, "labels": {**old.get("labels", {}), "namespace": "security"}} if "alert" in old else old
            assert new == expected


def test_disabled_alerts_are_left_out():
    names = [
        rule["alert"]
        for group in groups(rule_settings(disabledAlerts=["KubeAuditNoEvents"]))
        for rule in group["rules"]
        if "alert" in rule
    ]
    every = [rule["alert"] for group in groups() for rule in group["rules"] if "alert" in rule]
    assert names == [name for name in every if name != "KubeAuditNoEvents"]
    assert len(names) == len(every) - 1


def test_the_url_of_runbooks_precedes_their_path():
    for group in groups(rule_settings(runbookURL="https://git.example.com/x/")):
        for rule in group["rules"]:
            if "alert" in rule:
                path = rule["annotations"]["runbook_url"].removeprefix("https://git.example.com/x/")
                assert (ROOT / path).is_file(), path


def test_the_dashboards_are_those_of_the_repository():
    objects = [
        item for item in render({"monitoring": {"dashboards": {"enabled": True}}}) if item["kind"] == "ConfigMap"
    ]
    texts = {name: text for item in objects for name, text in item["data"].items()}
    files = {path.name: path.read_text() for path in (ROOT / "dashboards").glob("*.json")}
    assert {name: json.loads(text) for name, text in texts.items()} == {
        name: json.loads(text) for name, text in files.items()
    }
    for item in objects:
        assert item["metadata"]["labels"]["grafana_dashboard"] == "1"
        # kubectl apply keeps the object in an annotation of at most 256 KiB.
        assert len(json.dumps(item)) < 256 * 1024


# --- The Prometheus operator


@pytest.mark.parametrize("kind", ["podMonitor", "serviceMonitor"])
def test_monitors_have_the_operators_types(kind):
    values = merged(
        WEBHOOK,
        {
            "web": {"tls": {"secretName": "a"}},
            "monitoring": {
                kind: True,
                "interval": "30s",
                "scrapeTimeout": "10s",
                "cluster": "blue",
                "endpoint": {
                    "tlsConfig": {"insecureSkipVerify": True},
                    "basicAuth": {
                        "username": {"name": "a", "key": "user"},
                        "password": {"name": "a", "key": "password"},
                    },
                },
            },
        },
    )
    monitors = [item for item in render(values) if item["kind"] in ("PodMonitor", "ServiceMonitor")]
    assert len(monitors) == 2
    check_operator_types(monitors)


def test_rules_and_routes_have_the_operators_types():
    check_operator_types(render(RULES))
    receivers = {"security-pager": {"pagerdutyConfigs": [{"routingKey": {"name": "pagerduty", "key": "key"}}]}}
    check_operator_types(render(ALERTMANAGER, {"monitoring": {"alertmanagerConfig": {"receivers": receivers}}}))


def test_an_unknown_field_is_noticed():
    monitor = only(render({"monitoring": {"podMonitor": True}}), "PodMonitor")
    monitor["spec"]["podMetricsEndpoints"][0]["relabeling"] = []
    with pytest.raises(AssertionError):
        check_operator_types([monitor])


def test_a_monitor_selects_the_pods_or_the_service_of_its_component():
    objects = render(WEBHOOK, {"monitoring": {"podMonitor": True}})
    pods = [item for item in objects if item["kind"] in ("DaemonSet", "Deployment")]
    for suffix, kind in (("exporter", "DaemonSet"), ("webhook", "Deployment")):
        monitor = only(objects, "PodMonitor", suffix)["spec"]
        selected = [
            item
            for item in pods
            if monitor["selector"]["matchLabels"].items() <= item["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert [item["kind"] for item in selected] == [kind]
        ports = [port["name"] for port in container(selected[0])["ports"]]
        assert monitor["podMetricsEndpoints"][0]["port"] in ports
        # The job's name.
        assert selected[0]["spec"]["template"]["metadata"]["labels"][monitor["jobLabel"]] == "kube-audit-exporter"
    objects = render(WEBHOOK, {"monitoring": {"serviceMonitor": True}})
    for suffix in ("exporter", "webhook"):
        monitor = only(objects, "ServiceMonitor", suffix)["spec"]
        services = [
            item
            for item in objects
            if item["kind"] == "Service"
            and monitor["selector"]["matchLabels"].items() <= item["metadata"]["labels"].items()
            and any(port["name"] == monitor["endpoints"][0]["port"] for port in item["spec"]["ports"])
        ]
        assert len(services) == 1
        assert services[0]["spec"]["clusterIP"] == "None"


# --- Alertmanager


def matcher(item):
    return f"{item['name']}{item.get('matchType') or '='}{json.dumps(item['value'])}"


def plain_route(item):
    result = {}
    for key, value in item.items():
        if key == "matchers":
            value = [matcher(child) for child in value]
        elif key == "routes":
            value = [plain_route(child) for child in value]
        result[re.sub("[A-Z]", lambda letter: "_" + letter[0].lower(), key)] = value
    return result


def configuration(config):
    """An AlertmanagerConfig as a configuration of Alertmanager, without namespaces."""
    spec = config["spec"]
    return {
        # The operator adds the route to those of the global configuration, and the alert goes on to the next ones.
        "route": {"receiver": "others", "routes": [{**plain_route(spec["route"]), "continue": True}]},
        "inhibit_rules": [
            {
                "source_matchers": [matcher(item) for item in rule["sourceMatch"]],
                "target_matchers": [matcher(item) for item in rule["targetMatch"]],
                "equal": rule["equal"],
            }
            for rule in spec["inhibitRules"]
        ],
        "receivers": [{"name": "others"}, *({"name": item["name"]} for item in spec["receivers"])],
    }


def test_amtool_routes_each_alert_as_with_alerts_alertmanager_yaml(tmp_path):
    amtool = program("amtool", "AMTOOL")
    own = tmp_path / "alertmanager.yaml"
    own.write_text(yaml.safe_dump(configuration(only(render(ALERTMANAGER), "AlertmanagerConfig"))))
    assert "SUCCESS" in run(amtool, "check-config", own)
    other = ROOT / "alerts/alertmanager.yaml"
    alerts = {
        (rule["alert"], rule["labels"].get("severity", "info"), rule["labels"].get("risk_score", ""))
        for group in groups()
        for rule in group["rules"]
        if "alert" in rule
    }
    assert len(alerts) > 15
    # Alerts without a literal severity take it from the source's origin.
    cases = {
        (name, severity, score)
        for name, written, score in alerts
        for severity in ([written] if re.fullmatch("[a-z]+", written) else ["warning", "info"])
    }
    cases |= {
        ("KubernetesAccessScanning", "warning", "20"),
        ("KubernetesAccessScanning", "info", "49"),
    }
    for name, severity, score in sorted(cases):
        labels = [f"alertname={name}", f"severity={severity}", "cluster=blue"] + (
            [f"risk_score={score}"] if score else []
        )
        mine, theirs = [
            run(amtool, "config", "routes", "test", f"--config.file={file}", *labels) for file in (own, other)
        ]
        assert mine == theirs, labels


@pytest.mark.parametrize(
    "name", ["Other", "KubePodCrashLooping", "KubernetesNodeNotReady", "Watchdog", "NotKubeAuditLogsLost", "KubeAudit"]
)
def test_an_alert_of_another_program_stays_with_its_own_routes(name, tmp_path):
    """Also with alertmanagerConfigMatcherStrategy {type: None}, where the operator adds no matcher for the namespace."""
    amtool = program("amtool", "AMTOOL")
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(configuration(only(render(ALERTMANAGER), "AlertmanagerConfig"))))
    for severity in ("info", "warning", "critical"):
        labels = [f"alertname={name}", f"severity={severity}", "namespace=kube-audit-exporter"]
        out = run(amtool, "config", "routes", "test", f"--config.file={file}", *labels)
        assert out.split() == ["others"], labels


def test_inhibitions_are_those_of_alerts_alertmanager_yaml():
    source = yaml.safe_load((ROOT / "alerts/alertmanager.yaml").read_text())
    rules = configuration(only(render(ALERTMANAGER), "AlertmanagerConfig"))["inhibit_rules"]

    def normal(text):
        name, kind, value = re.fullmatch(r'([^=!~]+)(=~|!~|!=|=)"?(.*?)"?', text).groups()
        return name, kind, value

    for key in ("source_matchers", "target_matchers"):
        assert [[normal(text) for text in rule[key]] for rule in rules] == [
            [normal(text) for text in rule[key]] for rule in source["inhibit_rules"]
        ]
    assert [rule["equal"] for rule in rules] == [rule["equal"] for rule in source["inhibit_rules"]]


def test_each_receiver_can_be_filled():
    names = {item["name"] for item in yaml.safe_load((ROOT / "alerts/alertmanager.yaml").read_text())["receivers"]}
    schema = json.loads((CHART / "values.schema.json").read_text())
    settings = schema["properties"]["monitoring"]["properties"]["alertmanagerConfig"]["properties"]
    assert set(settings["receivers"]["properties"]) == names
    values = {
        "monitoring": {
            "alertmanagerConfig": {
                "enabled": True,
                "receivers": {name: {"webhookConfigs": [{"url": f"https://{name}.example.com"}]} for name in names},
            }
        }
    }
    config = only(render(values), "AlertmanagerConfig")
    assert {item["name"]: item["webhookConfigs"][0]["url"] for item in config["spec"]["receivers"]} == {
        name: f"https://{name}.example.com" for name in names
    }


def test_amtool_and_promtool_notice_errors(tmp_path):
    config = configuration(only(render(ALERTMANAGER), "AlertmanagerConfig"))
    config["route"]["routes"][0]["receiver"] = "missing"
    file = tmp_path / "alertmanager.yaml"
    file.write_text(yaml.safe_dump(config))
    run(program("amtool", "AMTOOL"), "check-config", file, status=1)
    broken = groups()
    broken[0]["rules"][0]["expr"] += ")"
    file.write_text(yaml.safe_dump({"groups": broken}))
    run(program("promtool", "PROMTOOL"), "check", "rules", file, status=1)
