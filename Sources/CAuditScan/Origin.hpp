#ifndef ORIGIN_HPP
#define ORIGIN_HPP

#include <string>

#include "Lookup.hpp"

namespace audit_scan {

/// Whether a record may be the API server's.
enum class Origin : uint8_t { audit, foreign, twice };

/// The worse of two.
Origin worse(Origin first, Origin second);

/// Reads the container and the stream that an object of an envelope names.
///
/// Any pod can write a perfect event. So a record that says which container wrote it is read only if it names the API
/// server's, and not its standard error. A record that says nothing of it is read.
Origin namedOrigin(const ObjectIndex &record, Naming naming, std::string &buffer);

/// The same of an event: shippers lift the keys of a pod's JSON text into their records, to those that name the pod.
Origin originOfEvent(const ObjectIndex &event);

}  // namespace audit_scan

#endif
