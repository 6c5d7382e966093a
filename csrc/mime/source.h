/*
 * mime/source.h - an IStream as GMime reads it.
 *
 * The parser and, after it, every part's content read through a `struct mime_source`: a window of the IStream where
 * that can seek, a copy in memory where it cannot. So a message is never held whole only because it is parsed. GMime
 * sees the source as a GMimeStream; all of GMime's objects made from it must be released before the source is closed.
 */
#ifndef MIME_SOURCE_H
#define MIME_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include <gmime/gmime.h>
#include <mapidefs.h>

enum { MIME_SOURCE_WINDOW = 64 * 1024, MIME_SOURCE_RENAMED = 8 };

struct mime_source {
    IStream *stream;      /* AddRef'ed; NULL where all is in memory */
    uint64_t base;        /* where in the stream the message begins */
    uint64_t size;        /* of the message, in bytes */
    unsigned char *bytes; /* the window, or everything */
    size_t room;          /* of the window */
    uint64_t window_at;
    size_t window_size;
    uint64_t header_end; /* NULs below this offset are read as MIME_SUBSTITUTE; see mime_source_hide_nuls */
    struct {
        uint64_t offset;
        unsigned char byte; /* as it is in the stream */
    } renamed[MIME_SOURCE_RENAMED];
    size_t renamed_count;
    HRESULT failure; /* the first read that failed; GMime only sees an early end */
};

/* What a NUL within the header block is read as: GMime keeps header values in C strings. The text functions turn it
 * into U+FFFD. */
enum { MIME_SUBSTITUTE = 0x1A };

/* Opens the rest of `stream` from its position. MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_TOO_BIG (more than `most` bytes would
 * have to be held in memory), or what it answers. */
HRESULT mime_source_open(struct mime_source *source, IStream *stream, uint64_t most);
void mime_source_close(struct mime_source *source);

/* From now on, the byte at `offset` is read as another: how the field that begins there gets another name. */
void mime_source_rename(struct mime_source *source, uint64_t offset);

/* From now on, NULs below `header_end` are read as MIME_SUBSTITUTE. */
void mime_source_hide_nuls(struct mime_source *source, uint64_t header_end);

/* Reads up to `size` bytes at `offset`: the number read, less than asked only at the end or on failure. */
size_t mime_source_read(struct mime_source *source, uint64_t offset, void *buffer, size_t size);

/* A window that holds at least one byte at `offset`: its bytes and their number, 0 at the end or on failure. */
const unsigned char *mime_source_peek(struct mime_source *source, uint64_t offset, size_t *available);

/* The bytes [start, end) as a GMimeStream that can seek. */
GMimeStream *mime_source_stream(struct mime_source *source, uint64_t start, uint64_t end);

/*
 * Corrects the end of a part's content. The parser takes the line end before a boundary away from the part, but looks
 * at the boundary's own line end to know how long that is; where a message ends right behind its last boundary, a CR
 * stays. Streams of another kind are left alone.
 */
void mime_source_trim(GMimeStream *stream);

#endif
