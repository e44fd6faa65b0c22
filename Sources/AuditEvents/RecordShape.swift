import CAuditScan

/// What a line looks like that is not an audit event: the format in which a program or a cloud passes events on.
public enum RecordShape: Sendable, Hashable, CaseIterable {
    /// A container's log as the container runtime writes it: `TIME stdout F TEXT`.
    case containerLog
    /// A container's log as Docker writes it: `{"log":TEXT,"stream":…,"time":…}`.
    case dockerLog
    /// A syslog header before the event.
    case syslog
    /// A word, such as the name of a node, before the event.
    case prefixed
    /// Fluentd's `TIME TAG RECORD`.
    case fluentd
    /// A log of a Kubernetes program.
    case programLog
    /// A JSON array.
    case array
    /// JSON that is printed over several lines.
    case printed
    /// The body of a request to the audit webhook.
    case eventList
    /// `journalctl -o json`
    case journald
    /// An object of a log shipper that holds the event.
    case shipper
    /// CloudWatch Logs.
    case eks
    /// Azure Monitor.
    case aks
    /// Google Cloud's audit log, which has no Kubernetes audit events.
    case gke
    /// The answer of a log store, or what is sent to one.
    case store
    /// Another program's record.
    case otherProgram

    init?(_ shape: audit_shape) {
        switch shape {
        case AUDIT_SHAPE_CRI: self = .containerLog
        case AUDIT_SHAPE_DOCKER: self = .dockerLog
        case AUDIT_SHAPE_SYSLOG: self = .syslog
        case AUDIT_SHAPE_PREFIXED: self = .prefixed
        case AUDIT_SHAPE_FLUENTD: self = .fluentd
        case AUDIT_SHAPE_KLOG: self = .programLog
        case AUDIT_SHAPE_ARRAY: self = .array
        case AUDIT_SHAPE_PRETTY: self = .printed
        case AUDIT_SHAPE_EVENT_LIST: self = .eventList
        case AUDIT_SHAPE_JOURNALD: self = .journald
        case AUDIT_SHAPE_SHIPPER: self = .shipper
        case AUDIT_SHAPE_EKS: self = .eks
        case AUDIT_SHAPE_AKS: self = .aks
        case AUDIT_SHAPE_GKE: self = .gke
        case AUDIT_SHAPE_STORE: self = .store
        case AUDIT_SHAPE_OTHER_PROGRAM: self = .otherProgram
        default: return nil
        }
    }
}

extension RecordShape: CustomStringConvertible {
    /// What it looks like, as a noun.
    public var description: String {
        switch self {
        case .containerLog: "a container log (CRI)"
        case .dockerLog: "a container log (Docker json-file)"
        case .syslog: "syslog"
        case .prefixed: "events behind a prefix, as oc adm node-logs prints them"
        case .fluentd: "a log written by Fluentd"
        case .programLog: "a program's own log (klog), not its audit log"
        case .array: "a JSON array"
        case .printed: "JSON that is printed over several lines"
        case .eventList: "an EventList, the body of an audit webhook request"
        case .journald: "a journald export"
        case .shipper: "a log shipper's envelope (Fluent Bit, Filebeat, Vector, Splunk, Graylog and others)"
        case .eks: "a CloudWatch Logs record of Amazon EKS"
        case .aks: "an Azure Monitor record of AKS"
        case .gke: "a Google Cloud audit log of GKE"
        case .store: "a record of a log store (Elasticsearch, Loki, OpenTelemetry)"
        case .otherProgram: "another program's log"
        }
    }

    /// How to get the events counted.
    public var advice: String {
        switch self {
        case .eventList: "it is not valid JSON, or was cut off; a whole one is read"
        case .otherProgram, .programLog: "name the file of the API server's --audit-log-path in --audit.log"
        case .eks, .aks, .gke:
            "not all of it can be read, so requests are not counted; docs/envelopes.md has the formats"
        default:
            "docs/envelopes.md has the formats that are read; or read the file of the API server's --audit-log-path"
        }
    }
}
