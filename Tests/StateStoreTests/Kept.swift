import AccessScanning
import AuditSources
import StateStore
import TestSupport

/// The expected content of a store after the written checkpoints.
struct Kept: Equatable {
    var counters: [String: [SourceSubject: SourceCounter]] = [:]
    var networks: [String: [SourceNetwork: NetworkCounter]] = [:]
    var profiles: [Source: SourceProfile] = [:]
    // Without its counters, whose order is that of their times.
    var detection: DetectionState
    var positions: [FilePosition] = []
    var reading = ReadingTotals()
    var lastCheckpoint: Double?

    init(_ stored: StoredState) {
        detection = stored.detection
        positions = stored.positions
        reading = stored.reading
        lastCheckpoint = stored.lastCheckpoint
        takeCounters()
    }

    private mutating func takeCounters() {
        for (name, state) in detection.analytics {
            counters[name, default: [:]].merge(state.counters.map { ($0.subject, $0) }) { $1 }
            networks[name, default: [:]].merge(state.networks.map { ($0.network, $0) }) { $1 }
            detection.analytics[name]?.counters = []
            detection.analytics[name]?.networks = []
        }
        profiles.merge(detection.profiles.map { ($0.source, $0) }) { $1 }
        detection.profiles = []
    }

    mutating func write(_ checkpoint: Checkpoint) {
        for changes in checkpoint.detection.analytics {
            for source in changes.removedSources { counters[changes.name]?[source] = nil }
            for network in changes.removedNetworks { networks[changes.name]?[network] = nil }
        }
        for source in checkpoint.detection.profiles.removed { profiles[source] = nil }
        detection.write(checkpoint.detection)
        takeCounters()
        for position in checkpoint.positions {
            positions.removeAll {
                $0.inode == position.inode
                    && ($0.inode != .none
                        || $0.path == position.path && $0.offset == position.offset
                            && $0.fingerprint == position.fingerprint)
            }
            positions.append(position)
        }
        for (name, input) in checkpoint.reading.inputs { reading.inputs[name] = input }
        reading.lastEventTimestamp = checkpoint.reading.lastEventTimestamp ?? reading.lastEventTimestamp
        lastCheckpoint = checkpoint.time
    }
}
