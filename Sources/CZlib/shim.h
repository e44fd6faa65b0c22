/* Makes zlib declare its input as const. */
#define ZLIB_CONST
#include <zlib.h>
