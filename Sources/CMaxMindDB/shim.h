#include <maxminddb.h>

/* Of <sys/mman.h>, which shows it only to those who define _GNU_SOURCE first; Swift's importer cannot. */
int memfd_create(const char *name, unsigned int flags);
