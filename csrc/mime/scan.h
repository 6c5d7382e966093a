/*
 * mime/scan.h - what is looked at before the parser sees a message.
 *
 * GLib ends the process when its own allocation fails, and GMime makes an object of every header and every part. So a
 * message is first read once, line by line and in constant memory, to find out whether it has a header block at all,
 * where that ends, and whether its parts and headers stay within limits. What lies beyond the limits is cut off; the
 * importer keeps it as one opaque attachment. The scan takes lines for boundaries and headers rather more often than
 * the parser does, never less often.
 */
#ifndef MIME_SCAN_H
#define MIME_SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "mime/source.h"

enum {
    MIME_MAX_HEADER_BLOCK = 1024 * 1024, /* bytes of one header block */
    MIME_MAX_HEADER_LINES = 400 * 1000,  /* in all header blocks together */
    MIME_MAX_PARTS = 20 * 1000,
    MIME_MAX_DEPTH = 1000,
    MIME_MAX_COLONS = 400, /* of an address field */
};

/* Bytes between two boundaries: the parser keeps what stands before the first part in one array of 32 bits. */
#define MIME_MAX_PART ((uint64_t)0x7FFFFFFF)

struct mime_scan {
    bool headless;       /* the text does not begin with a header block: all of it is body */
    uint64_t header_end; /* the first byte after the outer header block and its blank line */
    uint64_t cutoff;     /* the first byte that the parser must not see; the source's size where all is within limits */
    uint64_t hidden[MIME_SOURCE_RENAMED]; /* where outer fields begin that the parser must not see */
    size_t hidden_count;
    const char *beyond; /* why there is a cutoff: "20,000 parts", ...; NULL without one */
};

/* MAPI_E_TOO_BIG where the outer header block alone is over the limit, MAPI_E_NOT_ENOUGH_MEMORY, or what reading
 * answered. */
HRESULT mime_scan_source(struct mime_source *source, struct mime_scan *scan);

#endif
