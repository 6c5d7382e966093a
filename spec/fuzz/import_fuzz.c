/*
 * fuzz/import_fuzz.c - any bytes as a message: imported, exported, imported again.
 *
 * A libFuzzer target over the fake message. What is looked for: crashes, leaks, undefined behaviour, any warning of
 * GLib, a header line that is no field, an exported message that cannot be read back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <mapicode.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "mail_bytes.h"
#include "mime/converter.h"
#include "support/fake_message.h"

static HRESULT import(IConverterSession *converter, const void *bytes, size_t size, IMessage **message)
{
    IStream *stream;
    HRESULT hr;

    if (FAILED(memstream_create_reader(NULL, bytes, size, &stream)) ||
        FAILED(fake_message_create(FAKE_COMPLETE, message)))
        abort();
    hr = converter->lpVtbl->MIMEToMAPI(converter, stream, *message, NULL, CCSF_SMTP | CCSF_INCLUDE_BCC);
    stream->lpVtbl->Release(stream);
    return hr;
}

static HRESULT export(IConverterSession *converter, IMessage *message, ULONG flags, struct bytes *bytes)
{
    IStream *stream;
    HRESULT hr;

    memset(bytes, 0, sizeof *bytes);
    if (FAILED(memstream_create_writer(NULL, keep, NULL, bytes, NULL, 0, &stream)))
        abort();
    hr = converter->lpVtbl->MAPIToMIMEStm(converter, message, stream, flags);
    if (SUCCEEDED(hr) && FAILED(stream->lpVtbl->Commit(stream, STGC_DEFAULT)))
        abort();
    stream->lpVtbl->Release(stream);
    return hr;
}

static void check_fields(const struct bytes *bytes)
{
    /* Each line of the header is a field of printable ASCII or the continuation of one. */
    for (size_t at = 0; at < bytes->size && bytes->at[at] != '\r';) {
        unsigned char *end = memchr(bytes->at + at, '\n', bytes->size - at);
        size_t length = end == NULL ? bytes->size - at : (size_t)(end - (bytes->at + at));

        if (length == 0 || bytes->at[at + length - 1] != '\r' || memchr(bytes->at + at, '\r', length - 1) != NULL ||
            (bytes->at[at] != ' ' && bytes->at[at] != '\t' && memchr(bytes->at + at, ':', length) == NULL)) {
            fprintf(stderr, "a line that is no header field at %zu\n", at);
            abort();
        }
        at += length + 1;
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    g_log_set_always_fatal(G_LOG_LEVEL_WARNING | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    IConverterSession *converter;
    IMessage *first, *second = NULL;
    struct bytes once = {NULL, 0}, twice = {NULL, 0}, plain = {NULL, 0};

    if (FAILED(mime_converter_create(&allocators, &converter)))
        abort();
    if (SUCCEEDED(import(converter, data, size, &first))) {
        if (FAILED(export(converter, first, CCSF_SMTP | CCSF_INCLUDE_BCC, &once)))
            abort();
        check_fields(&once);
        if (FAILED(import(converter, once.at, once.size, &second)))
            abort();
        export(converter, second, CCSF_SMTP | CCSF_INCLUDE_BCC, &twice);
        export(converter, first, CCSF_SMTP | CCSF_PLAIN_TEXT_ONLY | CCSF_8BITHEADERS, &plain);
    }
    free(once.at);
    free(twice.at);
    free(plain.at);
    first->lpVtbl->Release(first);
    if (second != NULL)
        second->lpVtbl->Release(second);
    converter->lpVtbl->Release(converter);
    return 0;
}
