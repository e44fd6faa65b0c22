import AuditSources
import Testing

@Suite("The cut-off of a log")
struct StartingPointTests {
    @Test("is the kept one")
    func kept() {
        #expect(StartingPoint.recent(seconds: 3600).cutoff(10_000, at: 20_000) == 10_000)
        #expect(StartingPoint.end.cutoff(10_000, at: 20_000) == 10_000)
        #expect(StartingPoint.recent(seconds: 3600).cutoff(nil, at: 20_000) == nil)
    }

    @Test("from a clock that was ahead hides no new request")
    func ahead() {
        #expect(StartingPoint.recent(seconds: 3600).cutoff(90_000, at: 20_000) == 16_400)
        #expect(StartingPoint.recent(seconds: 3600).cutoff(19_000, at: 20_000) == 16_400)
        #expect(StartingPoint.end.cutoff(90_000, at: 20_000) == nil)
        #expect(StartingPoint.beginning.cutoff(90_000, at: 20_000) == nil)
    }
}
