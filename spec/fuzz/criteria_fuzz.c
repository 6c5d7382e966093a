/*
 * fuzz/criteria_fuzz.c - any bytes as a search folder's restriction in a store.
 *
 * A libFuzzer target. What is looked for: crashes, undefined behaviour, a restriction that is accepted and cannot be used, and
 * one that does not come back as it was when it is kept again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapix.h>

#include "base/restriction.h"
#include "base/restriction_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good)
        abort();
}

static const SPropValue *no_property(void *self, ULONG tag)
{
    (void)self, (void)tag;
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct row_source nothing = {NULL, no_property, NULL, NULL, NULL};
    struct byte_buffer first, second;
    LPSRestriction once = NULL, twice = NULL;
    byte_buffer_init(&first);
    byte_buffer_init(&second);
    if (restriction_decode(data, size, MAPI_UNICODE, &once) == S_OK) {
        (void)restriction_matches(once, &nothing);
        check(restriction_encode(once, &first) == S_OK);
        check(restriction_decode(first.bytes, first.size, MAPI_UNICODE, &twice) == S_OK);
        check(restriction_encode(twice, &second) == S_OK);
        check(first.size == second.size && memcmp(first.bytes, second.bytes, first.size) == 0);
    } else {
        check(once == NULL);
    }
    MAPIFreeBuffer(once);
    MAPIFreeBuffer(twice);
    byte_buffer_free(&first);
    byte_buffer_free(&second);
    return 0;
}
