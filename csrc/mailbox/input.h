/* mailbox/input.h - a file of mail, read through a window.
 *
 * A file of any size is read in bounded memory: what is looked at is in the window, or is read into it from there on.
 * Only regular files are taken, links to them followed: reading anything else may wait for ever.
 */
#ifndef MAILBOX_INPUT_H
#define MAILBOX_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

enum { INPUT_WINDOW = 1 << 20 };

struct input {
    const char *path; /* the caller's, for sentences */
    int file;         /* -1: closed */
    uint64_t size;    /* when it was opened; what is added later is not read */
    int64_t modified; /* Unix seconds */
    unsigned char *window;
    uint64_t window_at;
    size_t window_size;
};

/*
 * MAPI_E_NOT_FOUND, MAPI_E_NO_ACCESS, MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_DISK_ERROR, MAPI_E_INVALID_PARAMETER for what is no
 * regular file; each with a sentence. `locked`: the size is taken while no program that locks mailboxes writes to the
 * file (MAPI_E_TIMEOUT: one held it for too long), so that the last message is whole. May be given an input that was
 * used for another file, and closed: it keeps its window.
 */
HRESULT input_open(struct input *input, const char *path, bool locked);
void input_close(struct input *input); /* harmless when closed */
void input_free(struct input *input);

/*
 * At least `wanted` bytes from `offset` on (at most INPUT_WINDOW), or all there are up to `end`, which is not behind the
 * file's size. Valid until the next call. MAPI_E_OBJECT_CHANGED when the file has become shorter, MAPI_E_DISK_ERROR.
 */
HRESULT input_peek(struct input *input, uint64_t offset, size_t wanted, uint64_t end, const unsigned char **bytes,
                   size_t *available);

#endif
