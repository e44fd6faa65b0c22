#ifndef SCHEMAS_HPP
#define SCHEMAS_HPP

#include <string>

#include "Lookup.hpp"

namespace audit_scan {

/// Writes a record that says the same as an audit event as the JSON text of one. Its strings are copied as they are
/// spelled, so that there is one reader of fields.
void writeEvent(Schema schema, const ObjectIndex &record, std::string &into);

}  // namespace audit_scan

#endif
