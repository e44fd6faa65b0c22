#include "CAuditScan.h"
