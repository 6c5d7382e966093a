#include "mime/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <mapicode.h>
#include <mapitags.h>

#include "mime/runtime.h"
#include "mime/text.h"

/* What one message may weigh that comes from a stream which cannot seek and is read into memory. What can seek is never
 * held whole, and only its text must fit. */
static const uint64_t most_bytes = 0x7FFFFFFF;

static HRESULT refuse(const struct mime_allocators *allocators, HRESULT hr, const char *sentence)
{
    if (allocators->set_error_detail != NULL)
        allocators->set_error_detail(hr, sentence);
    return hr;
}

/* The outer header block comes from the source, byte for byte; that of an embedded message as the parser has it. */
static HRESULT import_raw_headers(struct mime_import *import, GMimeMessage *parsed, IMessage *message,
                                  struct mime_draft *draft, unsigned depth)
{
    char *text, *generated = NULL;
    size_t size;
    struct mime_charset charset;
    HRESULT hr;

    if (depth == 0) {
        size = (size_t)import->scan.header_end;
        text = malloc(size + 1);
        if (text == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        size = mime_source_read(import->source, 0, text, size);
        for (size_t i = 0; i < size; i++)
            text[i] = text[i] == MIME_SUBSTITUTE ? '\0' : text[i];
        for (size_t i = 0; i < import->source->renamed_count; i++)
            if (import->source->renamed[i].offset < size)
                text[import->source->renamed[i].offset] = (char)import->source->renamed[i].byte;
    } else {
        text = NULL;
        generated = g_mime_object_get_headers(GMIME_OBJECT(parsed), NULL);
        size = strlen(generated);
    }
    hr = size == 0 ? S_OK
                   : mime_import_text_bytes(import, text != NULL ? text : generated, size, NULL, message,
                                            PR_TRANSPORT_MESSAGE_HEADERS_W, draft, &charset);
    free(text);
    g_free(generated);
    return hr;
}

HRESULT
mime_import_message(struct mime_import *import, GMimeMessage *parsed, IMessage *message, unsigned depth)
{
    IMAPIProp *object = (IMAPIProp *)(void *)message;
    struct mime_names *names = mime_names_create();
    struct mime_addresses recipients = {NULL, 0, 0};
    struct mime_draft draft;
    HRESULT hr;

    if (names == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    mime_draft_init(&draft);
    mime_import_headers(import, parsed, &draft, names, &recipients);
    hr = draft.arena.failed || names->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY
                                                   : import_raw_headers(import, parsed, message, &draft, depth);
    if (SUCCEEDED(hr))
        hr = mime_names_draft(names, object, &draft, import->allocators);
    if (names->left_out)
        mime_draft_note(&draft, "Some header fields, or parts of long ones, have no property of their own; "
                                "PR_TRANSPORT_MESSAGE_HEADERS has all of them.");
    if (SUCCEEDED(hr))
        hr = mime_import_recipients(import, &recipients, message);
    if (SUCCEEDED(hr))
        hr = mime_import_parts(import, parsed, message, &draft, depth);
    if (depth == 0 && import->scan.beyond != NULL)
        mime_draft_note(&draft, "The message is beyond the limits of what is taken apart; the rest of it is the last "
                                "attachment, as it stands.");
    for (size_t i = 0; depth == 0 && i < import->passed_over_count; i++)
        mime_draft_note(&draft, import->passed_over[i]);
    if (SUCCEEDED(hr))
        hr = import->notes.failed ? MAPI_E_NOT_ENOUGH_MEMORY : mime_notes_draft(&draft, object, import->allocators);
    if (SUCCEEDED(hr))
        hr = mime_draft_apply(&draft, object, import->allocators);
    mime_addresses_clear(&recipients);
    mime_draft_clear(&draft);
    mime_names_free(names);
    return hr;
}

/* Text that does not begin with a header block is a message with a body and nothing else. */
static HRESULT import_headless(struct mime_import *import, IMessage *message)
{
    size_t size = (size_t)import->source->size;
    char *bytes = malloc(size);
    struct mime_draft draft;
    struct mime_charset charset = {.codepage = 0};
    HRESULT hr;

    if (bytes == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    mime_draft_init(&draft);
    size = mime_source_read(import->source, 0, bytes, size);
    hr = import->source->failure;
    mime_draft_text(&draft, PR_MESSAGE_CLASS_W, "IPM.Note");
    mime_draft_long(&draft, PR_MESSAGE_FLAGS, 0);
    mime_draft_time(&draft, PR_MESSAGE_DELIVERY_TIME, (int64_t)time(NULL));
    if (SUCCEEDED(hr))
        hr = mime_import_text_bytes(import, bytes, size, NULL, message, PR_BODY_W, &draft, &charset);
    if (charset.codepage != 0)
        mime_draft_long(&draft, PR_INTERNET_CPID, (LONG)charset.codepage);
    mime_draft_long(&draft, PR_NATIVE_BODY_INFO, 1);
    if (SUCCEEDED(hr))
        hr = mime_draft_apply(&draft, (IMAPIProp *)(void *)message, import->allocators);
    mime_draft_clear(&draft);
    free(bytes);
    return hr;
}

/* What stands among the fields of a part and is none, GMime leaves out; the body of a part that lacks its blank line, for one.
 * What is in the outer header PR_TRANSPORT_MESSAGE_HEADERS has. */
static void pass_over(gint64 offset, GMimeParserWarning warning, const gchar *line, gpointer context)
{
    enum { LONGEST = 1000 };
    static const char said[] = "A line among the header fields of a part is none, and was left out: ";
    struct mime_import *import = context;
    size_t size = line == NULL ? 0 : strcspn(line, "\r\n");
    char *sentence;

    size = size < LONGEST ? size : LONGEST;
    if (warning != GMIME_CRIT_INVALID_HEADER_NAME || size == 0 || offset < (gint64)import->scan.header_end ||
        import->passed_over_count == MIME_PASSED_OVER)
        return;
    if (import->passed_over_count == MIME_PASSED_OVER - 1) {
        import->passed_over[import->passed_over_count++] = "More such lines were left out.";
        return;
    }
    sentence = mime_arena_alloc(&import->notes, sizeof said + size);
    if (sentence == NULL)
        return; /* the arena has failed, and so does the import */
    memcpy(sentence, said, sizeof said - 1);
    memcpy(sentence + sizeof said - 1, line, size);
    import->passed_over[import->passed_over_count++] = sentence;
}

static GMimeMessage *parse(struct mime_import *import)
{
    GMimeStream *stream;
    GMimeParser *parser;
    GMimeMessage *parsed;

    mime_source_hide_nuls(import->source, import->scan.header_end);
    for (size_t i = 0; i < import->scan.hidden_count; i++)
        mime_source_rename(import->source, import->scan.hidden[i]);
    stream = mime_source_stream(import->source, 0, import->scan.cutoff);
    parser = g_mime_parser_new_with_stream(stream);
    g_mime_parser_options_set_warning_callback(import->options, pass_over, import);
    parsed = g_mime_parser_construct_message(parser, import->options);
    g_mime_parser_options_set_warning_callback(import->options, NULL, NULL);

    g_object_unref(parser);
    g_object_unref(stream);
    return parsed;
}

static HRESULT import_scanned(struct mime_import *import, IMessage *message)
{
    GMimeMessage *parsed;
    HRESULT hr;

    if (import->scan.headless && import->source->size > most_bytes)
        return refuse(import->allocators, MAPI_E_TOO_BIG, "The text has no header and is larger than 2 GB.");
    parsed = import->scan.headless ? NULL : parse(import);
    if (FAILED(import->source->failure))
        hr = import->source->failure;
    else if (parsed == NULL)
        hr = import_headless(import, message);
    else
        hr = mime_import_message(import, parsed, message, 0);
    if (SUCCEEDED(hr) && parsed != NULL && import->scan.beyond != NULL) {
        char description[80];

        snprintf(description, sizeof description, "Beyond the limit of %s", import->scan.beyond);
        hr = mime_import_remainder(import, import->scan.cutoff, message, description);
    }
    if (parsed != NULL)
        g_object_unref(parsed);
    return hr;
}

HRESULT
mime_import_stream(const struct mime_allocators *allocators, IStream *stream, IMessage *message, ULONG flags)
{
    struct mime_source source;
    struct mime_import import;
    HRESULT hr = mime_source_open(&source, stream, most_bytes);

    if (hr == MAPI_E_TOO_BIG)
        return refuse(allocators, hr,
                      "The message is larger than 2 GB and comes from a stream that cannot seek; it "
                      "cannot be converted.");
    if (FAILED(hr))
        return hr;
    memset(&import, 0, sizeof import);
    import.allocators = allocators;
    import.flags = flags;
    import.source = &source;
    mime_arena_init(&import.notes);
    if (source.size == 0)
        hr = refuse(allocators, MAPI_E_CORRUPT_DATA, "The text is empty: there is no message in it.");
    if (SUCCEEDED(hr))
        hr = mime_scan_source(&source, &import.scan);
    if (hr == MAPI_E_TOO_BIG)
        hr = refuse(allocators, hr,
                    "The header of the message is larger than 1 MB or its addresses are nested too deep; shorten it.");
    if (SUCCEEDED(hr)) {
        mime_runtime_start();
        import.options = mime_runtime_parser_options();
        hr = import_scanned(&import, message);
        g_mime_parser_options_free(import.options);
    }
    mime_arena_clear(&import.notes);
    mime_source_close(&source);
    return hr;
}
