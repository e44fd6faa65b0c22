import AccessScanning
import AuditEvents
import AuditSources
import StateStore
import TestSupport

/// What a store should hold after the checkpoints that were written.
struct Kept: Equatable {
    var counters: [Source: SourceCounter] = [:]
    var networks: [SourceNetwork: NetworkCounter] = [:]
    var displacedSources: [Origin: DisplacedState] = [:]
    var displacedNetworks = DisplacedState()
    var filteredRequests: [String: UInt64] = [:]
    var observed: [ObservedEvent] = []
    var totals = DetectionTotals()
    var positions: [FilePosition] = []
    var reading = ReadingTotals()
    var lastCheckpoint: Double?

    init() {}

    init(_ stored: StoredState) {
        counters = Dictionary(uniqueKeysWithValues: stored.counters.map { ($0.source, $0) })
        networks = Dictionary(uniqueKeysWithValues: stored.networks.map { ($0.network, $0) })
        displacedSources = stored.displacedSources
        displacedNetworks = stored.displacedNetworks
        filteredRequests = stored.filteredRequests
        observed = stored.observed
        totals = stored.totals
        positions = stored.positions
        reading = stored.reading
        lastCheckpoint = stored.lastCheckpoint
    }

    mutating func write(_ checkpoint: Checkpoint) {
        let changes = checkpoint.detection
        for source in changes.removedSources { counters[source] = nil }
        for counter in changes.counters { counters[counter.source] = counter }
        for network in changes.removedNetworks { networks[network] = nil }
        for counter in changes.networks { networks[counter.network] = counter }
        for (origin, displaced) in changes.displacedSources {
            displacedSources[origin, default: DisplacedState()].write(displaced)
        }
        displacedNetworks.write(changes.displacedNetworks)
        filteredRequests.merge(changes.filteredRequests) { $1 }
        observed += changes.observed
        totals = changes.totals
        let forgotten = totals.firstRecognised - (totals.observedCount - observed.count)
        if forgotten > 0 { observed.removeFirst(forgotten) }
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
