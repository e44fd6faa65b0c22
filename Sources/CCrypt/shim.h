#include <crypt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Calls crypt_r with its working memory (32 KiB, too large for Swift to import). Writes the hash and its setting to
   output, of CRYPT_OUTPUT_SIZE bytes; returns false if hashing failed. */
static inline bool kae_crypt(const char *phrase, const char *setting, char *output)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return false;
    const char *hash = crypt_r(phrase, setting, data);
    /* crypt_r reports a failure as NULL or as a text that begins with an asterisk. */
    bool made = hash != NULL && hash[0] != '*';
    if (made) memcpy(output, hash, strlen(hash) + 1);
    /* The memory contains the password. The barrier keeps the compiler from removing the call. */
    memset(data, 0, sizeof *data);
    __asm__ volatile("" : : "r"(data) : "memory");
    free(data);
    return made;
}

static inline size_t kae_crypt_output_size(void) { return CRYPT_OUTPUT_SIZE; }
