import AccessScanning
import Testing

@testable import Exporter

@Suite("The flags of backfill")
struct BackfillConfigurationTests {
    @Test("have documented defaults")
    func defaults() throws {
        let configuration = try BackfillConfiguration(BackfillOptions(files: ["a"], output: "b"), at: 1000.5)
        #expect(
            configuration.labels.map { "\($0.name)=\($0.value)" } == ["job=kube-audit-exporter", "instance=backfill"])
        #expect(
            configuration.sampling
                == CounterLife.Sampling(
                    step: 60_000_000, requestSamples: 6, window: 3_600_000_000, end: 1_000_500_000))
        #expect(configuration.threshold == 5)
        #expect(!configuration.replacesOutput)
    }

    @Test("set labels, of which job and instance are always there, and the end of the samples")
    func given() throws {
        let configuration = try BackfillConfiguration(
            BackfillOptions(
                files: ["a"], output: "-", labels: ["cluster=a=b", "instance=cp-1:10403"], step: "15s", window: "30m",
                until: "1970-01-01T00:10:00Z"), at: 1000)
        #expect(
            configuration.labels.map { "\($0.name)=\($0.value)" }
                == ["cluster=a=b", "instance=cp-1:10403", "job=kube-audit-exporter"])
        // The end is not included.
        #expect(
            configuration.sampling
                == CounterLife.Sampling(
                    step: 15_000_000, requestSamples: 6, window: 1_800_000_000, end: 599_999_999))
    }

    @Test(
        "are refused with the correction",
        arguments: [
            (BackfillOptions(files: ["a"], output: ""), "--output: is empty; give a file, or - for standard output"),
            (
                BackfillOptions(files: ["a"], output: "b", step: "5m"),
                "--step: \"5m\" cannot be used; give a duration from 1s to 4m, such as 1m"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", window: "0s"),
                "--window: \"0s\" cannot be used; give a duration from 5m to 1d, such as 1h"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", labels: ["job"]),
                "--label: \"job\" cannot be used; give NAME=VALUE, such as job=kube-audit-exporter"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", labels: ["job="]),
                "--label: \"job=\" cannot be used; give NAME=VALUE, such as job=kube-audit-exporter"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", labels: ["1a=b"]),
                "--label: \"1a=b\" cannot be used; give NAME=VALUE, such as job=kube-audit-exporter"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", labels: ["src_ip=192.0.2.1"]),
                "--label: \"src_ip=192.0.2.1\" is a label of the exporter or of Prometheus; give another name"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", labels: ["job=a", "job=b"]),
                "--label: \"job=b\" is the second value of this label; give one"
            ),
            (
                BackfillOptions(files: ["a"], output: "b", threshold: "0"),
                "--source.threshold: \"0\" is not in the range; give a whole number from 1 to 100, such as 5"
            ),
        ])
    func refused(options: BackfillOptions, message: String) {
        let error = #expect(throws: ConfigurationError.self) { try BackfillConfiguration(options, at: 1000) }
        #expect(error?.description == message)
    }
}
