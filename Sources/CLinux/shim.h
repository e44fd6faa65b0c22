/* The Glibc module does not include these headers. */
#include <linux/magic.h>
#include <sys/eventfd.h>
#include <sys/vfs.h>
