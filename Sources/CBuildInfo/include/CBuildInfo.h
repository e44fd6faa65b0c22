#ifndef CBUILDINFO_H
#define CBUILDINFO_H

/* Which build this is, fixed when it was compiled; "unknown" where the build did not say. */
const char *kube_audit_version(void);
const char *kube_audit_revision(void);
const char *kube_audit_swift_version(void);

#endif
