#include "CBuildInfo.h"

const char *kube_audit_version(void) { return KUBE_AUDIT_VERSION; }
const char *kube_audit_revision(void) { return KUBE_AUDIT_REVISION; }
const char *kube_audit_swift_version(void) { return KUBE_AUDIT_SWIFT_VERSION; }
