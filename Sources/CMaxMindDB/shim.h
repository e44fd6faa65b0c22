#include <maxminddb.h>

/* Declared in <sys/mman.h> only if _GNU_SOURCE is defined first, which Swift's importer cannot do. */
int memfd_create(const char *name, unsigned int flags);
