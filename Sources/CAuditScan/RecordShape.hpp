#ifndef RECORD_SHAPE_HPP
#define RECORD_SHAPE_HPP

#include "CAuditScan.h"
#include "JSONText.hpp"

namespace audit_scan {

/// What a record that is no audit event looks like, by its beginning or by the names of its members.
///
/// Sources: the formats as the programs and vendors document them; Tests/Fixtures/envelopes has a line of each.
audit_shape shape(Text record);

/// Whether an object that holds no selector's group or code is certainly no audit event: a known envelope, whose events
/// may be compressed or encoded. Cheap for every line that an API server writes.
bool isOtherRecord(Text object);

}  // namespace audit_scan

#endif
