/*
 * fuzz/winmail_fuzz.c - any bytes as a winmail.dat, as compressed RTF, and as RTF.
 *
 * The first byte chooses. A winmail.dat is imported in a message, and what came of it is written into another one, which is
 * imported again. What is looked for: crashes, leaks, undefined behaviour, RTF that does not come back as it was packed.
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
#include "mime/rtf.h"
#include "support/fake_message.h"

static IMessage *import(IConverterSession *converter, const void *bytes, size_t size)
{
    IMessage *message;
    IStream *stream;

    if (FAILED(memstream_create_reader(NULL, bytes, size, &stream)) ||
        FAILED(fake_message_create(FAKE_COMPLETE, &message)))
        abort();
    if (FAILED(converter->lpVtbl->MIMEToMAPI(converter, stream, message, NULL, CCSF_SMTP | CCSF_USE_RTF)))
        abort();
    stream->lpVtbl->Release(stream);
    return message;
}

static void export(IConverterSession *converter, IMessage *message, struct bytes *bytes)
{
    IStream *stream;

    if (FAILED(memstream_create_writer(NULL, keep, NULL, bytes, NULL, 0, &stream)))
        abort();
    if (FAILED(converter->lpVtbl->MAPIToMIMEStm(converter, message, stream, CCSF_SMTP | CCSF_USE_TNEF)) ||
        FAILED(stream->lpVtbl->Commit(stream, STGC_DEFAULT)))
        abort();
    stream->lpVtbl->Release(stream);
}

static void try_winmail(const uint8_t *data, size_t size)
{
    static const char head[] = "From: a@b\nContent-Type: application/ms-tnef\nContent-Transfer-Encoding: binary\n\n";
    IConverterSession *converter;
    IMessage *first, *second;
    struct bytes mail = {malloc(sizeof head + size), sizeof head - 1 + size}, written = {NULL, 0};

    if (mail.at == NULL || FAILED(mime_converter_create(&allocators, &converter)))
        abort();
    memcpy(mail.at, head, sizeof head - 1);
    if (size != 0)
        memcpy(mail.at + sizeof head - 1, data, size);
    first = import(converter, mail.at, mail.size);
    export(converter, first, &written);
    second = import(converter, written.at, written.size);
    second->lpVtbl->Release(second);
    first->lpVtbl->Release(first);
    converter->lpVtbl->Release(converter);
    free(written.at);
    free(mail.at);
}

static void try_rtf(const uint8_t *data, size_t size, bool compressed)
{
    unsigned char *packed;
    char *text, *again;
    size_t length, packed_size, again_size;
    bool html;

    if (compressed) {
        if (SUCCEEDED(mime_rtf_decompress(data, size, &text, &length)))
            free(text);
        return;
    }
    if (SUCCEEDED(mime_rtf_read((const char *)data, size, &text, &length, &html)))
        free(text);
    if (FAILED(mime_rtf_compress((const char *)data, size, &packed, &packed_size)) ||
        FAILED(mime_rtf_decompress(packed, packed_size, &again, &again_size)) || again_size != size ||
        memcmp(again, data, size) != 0)
        abort();
    free(again);
    free(packed);
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
    if (size == 0)
        return 0;
    if (data[0] == 'c' || data[0] == 'r')
        try_rtf(data + 1, size - 1, data[0] == 'c');
    else
        try_winmail(data + 1, size - 1);
    return 0;
}
