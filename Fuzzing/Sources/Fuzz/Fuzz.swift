import CLibFuzzer
import FuzzTargets
import Glibc

/// Runs the target named in FUZZ_TARGET under libFuzzer. The arguments are libFuzzer's.
@main
struct Fuzz {
    /// The target named by FUZZ_TARGET.
    static let target: FuzzTarget = {
        guard let name = getenv("FUZZ_TARGET").map({ String(cString: $0) }), let target = FuzzTarget(rawValue: name)
        else { fatalError("set FUZZ_TARGET to one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))") }
        return target
    }()

    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &arguments, runOnce))
    }
}

/// libFuzzer calls this with each input. A trap reports a finding.
private func runOnce(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try Fuzz.target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    } catch {
        fatalError("\(error)")
    }
    return 0
}
