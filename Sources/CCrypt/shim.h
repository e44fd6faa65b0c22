#include <crypt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* crypt_r with working memory of its own (32 KiB, too large for Swift to import). Writes the hash with its setting to
   output, of CRYPT_OUTPUT_SIZE bytes; false where there is none. */
static inline bool kae_crypt(const char *phrase, const char *setting, char *output)
{
    struct crypt_data *data = calloc(1, sizeof *data);
    if (data == NULL) return false;
    const char *hash = crypt_r(phrase, setting, data);
    /* A failure is told by a text that no hash begins with. */
    bool made = hash != NULL && hash[0] != '*';
    if (made) memcpy(output, hash, strlen(hash) + 1);
    /* The password is in it. The barrier keeps the compiler from leaving this out. */
    memset(data, 0, sizeof *data);
    __asm__ volatile("" : : "r"(data) : "memory");
    free(data);
    return made;
}

static inline size_t kae_crypt_output_size(void) { return CRYPT_OUTPUT_SIZE; }
