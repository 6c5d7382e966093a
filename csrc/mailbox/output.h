/* mailbox/output.h - a file that mail is written to, through a buffer. */
#ifndef MAILBOX_OUTPUT_H
#define MAILBOX_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

struct output {
    const char *path; /* the owner's, for sentences */
    int file;         /* the owner's, written to at its position */
    uint64_t written; /* bytes put since output_begin, those in the buffer among them */
    HRESULT failure;  /* the first one; then nothing more is written */
    size_t used;
    char buffer[1 << 16];
};

void output_begin(struct output *output, int file, const char *path);
void output_put(struct output *output, const void *bytes, size_t size);

/* Writes the buffer out. MAPI_E_NOT_ENOUGH_DISK, MAPI_E_DISK_ERROR. output_sync: and to the disk. */
HRESULT output_flush(struct output *output);
HRESULT output_sync(struct output *output);

/* Takes back what was put behind the first `written` bytes. */
HRESULT output_take_back(struct output *output, uint64_t written);

/* The failure of a system call that has just failed: "Could not <what> <path>: <why>." */
HRESULT output_error(const char *what, const char *path);

#endif
