/* Input is never written to: let the types say so. */
#define ZLIB_CONST
#include <zlib.h>
