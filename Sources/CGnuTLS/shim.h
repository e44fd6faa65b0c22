#include <gnutls/gnutls.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

/* gnutls_free is a global variable, which Swift rejects as shared mutable state. */
static inline void kae_gnutls_free(void *memory) { gnutls_free(memory); }
