/*
 * fuzz/mbox_fuzz.c - any bytes as an mbox file: its messages found, decoded, written to another one and found again.
 *
 * The first byte says which format is meant. What is looked for: crashes, messages that overlap or go back, and messages that
 * are others after they were written and read.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>

#include <mapimailbox.h>

#include "mailbox/encoder.h"
#include "mailbox/mbox.h"

static const char from[] = "From a@example.org Thu Jan  1 00:00:10 1970\n";

struct file {
    int descriptor;
    char path[64];
};

static void make_file(struct file *file)
{
    file->descriptor = memfd_create("mbox", MFD_CLOEXEC);
    if (file->descriptor < 0)
        abort();
    snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->descriptor);
}

static void put(const struct file *file, const void *bytes, size_t size)
{
    if (write(file->descriptor, bytes, size) != (ssize_t)size)
        abort();
}

/* Reads the only message of a file back: it must be `size` bytes of `expected`. */
static void check(const struct file *file, const unsigned char *expected, size_t size)
{
    static struct input input = {.file = -1}; /* kept, with their memory, from run to run */
    static struct content content;
    struct mail_item item;
    struct mbox mbox;

    if (input_open(&input, file->path, true) != S_OK || mbox_begin(&mbox, &input, MAPI_MBOX_RD) != S_OK ||
        mbox_next(&mbox, &item, NULL, NULL) != S_OK || mbox.at != input.size ||
        content_load(&content, &input, &item, NULL, NULL) != S_OK)
        abort();
    if (content.size != size || memcmp(content.memory, expected, size) != 0)
        abort();
    input_close(&input);
}

/* What an encoder must give back: LF for CRLF, and an end of the last line. */
static size_t normalize(unsigned char *bytes, size_t size)
{
    size_t kept = 0;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != '\r' || i + 1 == size || bytes[i + 1] != '\n')
            bytes[kept++] = bytes[i];
    if (kept > 0 && bytes[kept - 1] != '\n')
        bytes[kept++] = '\n';
    return kept;
}

static void write_and_read(const struct content *content)
{
    static struct output output;
    unsigned char *copy = malloc((size_t)content->size + 1);
    size_t size = (size_t)content->size;
    struct encoder encoder;
    struct file file;

    if (copy == NULL)
        abort();
    memcpy(copy, content->memory, size);
    make_file(&file);
    put(&file, from, sizeof from - 1);
    output_begin(&output, file.descriptor, file.path);
    encoder_begin(&encoder, &output, true);
    encoder_write(&encoder, copy, size);
    encoder_end(&encoder);
    if (output_flush(&output) != S_OK)
        abort();
    check(&file, copy, normalize(copy, size));
    close(file.descriptor);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input input = {.file = -1};
    static struct content content;
    struct mail_item item;
    struct mbox mbox;
    struct file file;
    uint64_t last = 0;

    if (size == 0)
        return 0;
    make_file(&file);
    put(&file, data + 1, size - 1);
    if (input_open(&input, file.path, true) != S_OK)
        abort();
    if (mbox_begin(&mbox, &input, data[0] % (MAPI_MBOX_CL2 + 1)) == S_OK) {
        while (mbox_next(&mbox, &item, NULL, NULL) == S_OK) {
            if (item.offset != last || item.start <= item.offset || item.end < item.start || mbox.at < item.end)
                abort();
            if (content_load(&content, &input, &item, NULL, NULL) != S_OK || content.size > item.end - item.start)
                abort();
            write_and_read(&content);
            last = mbox.at;
        }
        if (last != input.size)
            abort();
    }
    input_close(&input);
    close(file.descriptor);
    return 0;
}
