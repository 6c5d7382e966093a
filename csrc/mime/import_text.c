#include "mime/import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/utf.h"
#include "mime/rtf.h"
#include "mime/text.h"

struct text_target {
    struct mime_writer writer;
    bool utf8;
    WCHAR pending;
};

static HRESULT put_wide(void *context, LPCWSTR wide, size_t units)
{
    struct text_target *target = context;
    char piece[3 * 1024 + 4];

    if (!target->utf8)
        return mime_writer_put(&target->writer, wide, units * sizeof *wide);
    while (units != 0) {
        size_t some = units < 1024 ? units : 1024;
        HRESULT hr = mime_writer_put(&target->writer, piece, mime_text_encode(piece, wide, some, &target->pending));

        if (FAILED(hr))
            return hr;
        wide += some;
        units -= some;
    }
    return S_OK;
}

/* Decoding lost something, or encoding would give other bytes: the bytes themselves stay with the message, where the
 * store has named properties. */
static HRESULT keep_raw(struct mime_import *import, const void *bytes, size_t size, IMessage *message, ULONG tag,
                        struct mime_draft *draft)
{
    IMAPIProp *object = (IMAPIProp *)(void *)message;
    LPCWSTR name = (LPCWSTR)(tag == PR_HTML ? u"raw-html" : u"raw-text");
    struct mime_writer writer = {object, 0, draft, NULL, 0, 0, NULL};

    writer.tag = mime_name_tag(object, &mime_kept_set, name, PT_BINARY, true, import->allocators);
    if (writer.tag == 0)
        return S_OK;
    return mime_writer_finish(&writer, mime_writer_put(&writer, bytes, size));
}

HRESULT
mime_import_text_bytes(struct mime_import *import, const void *bytes, size_t size, const char *charset_name,
                       IMessage *message, ULONG tag, struct mime_draft *draft, struct mime_charset *charset)
{
    struct text_target target;
    HRESULT hr = mime_charset_choose(charset_name, bytes, size, charset);

    if (FAILED(hr))
        return hr;
    charset->name = mime_arena_text(&draft->arena, charset->name, strlen(charset->name));
    if (charset->name == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memset(&target, 0, sizeof target);
    target.writer.object = (IMAPIProp *)(void *)message;
    target.writer.tag = tag;
    target.writer.draft = draft;
    target.utf8 = tag == PR_HTML;
    hr = mime_charset_decode(charset, bytes, size, put_wide, &target);
    hr = mime_writer_finish(&target.writer, hr);
    if (FAILED(hr) || (tag != PR_HTML && tag != PR_BODY_W))
        return hr;
    charset->irreversible = charset->lossy;
    if (!charset->lossy && strcasecmp(charset->name, "utf-8") != 0) {
        hr = mime_charset_returns(charset, bytes, size);
        charset->irreversible = hr == S_FALSE;
    }
    if (charset->lossy)
        mime_draft_note(draft, tag == PR_HTML ? "The HTML has bytes that are not of its charset; the named property "
                                                "raw-html has it as it came."
                                              : "The text has bytes that are not of its charset; the named property "
                                                "raw-text has it as it came.");
    return SUCCEEDED(hr) && charset->irreversible ? keep_raw(import, bytes, size, message, tag, draft) : hr;
}

/* All of a stream in malloc'ed memory; the body of a message, unlike an attachment, is looked at as a whole. */
HRESULT
mime_import_read_all(struct mime_source *source, GMimeStream *stream, unsigned char **bytes, size_t *size)
{
    size_t capacity = 0;
    ssize_t got;

    *bytes = NULL;
    *size = 0;
    for (;;) {
        if (capacity - *size < 4096) {
            size_t grown = capacity == 0 ? 16384 : 2 * capacity;
            unsigned char *moved = realloc(*bytes, grown);

            if (moved == NULL)
                return MAPI_E_NOT_ENOUGH_MEMORY;
            *bytes = moved;
            capacity = grown;
        }
        got = g_mime_stream_read(stream, (char *)*bytes + *size, capacity - *size);
        if (got <= 0)
            return source->failure;
        *size += (size_t)got;
    }
}

/* The charset that an HTML text names itself, in a meta element near its beginning. */
static const char *charset_in_html(const unsigned char *bytes, size_t size, char *name, size_t room)
{
    static const char word[] = "charset=";
    const char *text = (const char *)bytes;
    size_t limit = size < 2048 ? size : 2048;

    for (size_t i = 0; i + sizeof word < limit; i++) {
        size_t length = 0;

        if (g_ascii_strncasecmp(text + i, word, sizeof word - 1) != 0)
            continue;
        i += sizeof word - 1;
        if (text[i] == '"' || text[i] == '\'')
            i++;
        while (i + length < limit && length + 1 < room && strchr("\"' />;", text[i + length]) == NULL)
            length++;
        memcpy(name, text + i, length);
        name[length] = '\0';
        return length == 0 ? NULL : name;
    }
    return NULL;
}

/* CCSF_USE_RTF: the HTML within compressed RTF. */
static HRESULT import_rtf(const void *bytes, size_t size, const char *declared, IMessage *message,
                          struct mime_draft *draft, struct mime_charset *charset)
{
    struct mime_writer writer = {(IMAPIProp *)(void *)message, PR_RTF_COMPRESSED, draft, NULL, 0, 0, NULL};
    unsigned char *compressed = NULL;
    char *html = NULL, *rtf = NULL;
    size_t length, written, packed;
    HRESULT hr = mime_charset_choose(declared, bytes, size, charset);

    if (SUCCEEDED(hr))
        hr = mime_charset_to_utf8(charset, bytes, size, &html, &length);
    if (SUCCEEDED(hr))
        hr = mime_rtf_from_html(html, length, &rtf, &written);
    if (SUCCEEDED(hr))
        hr = mime_rtf_compress(rtf, written, &compressed, &packed);
    if (SUCCEEDED(hr)) {
        charset->name = mime_arena_text(&draft->arena, charset->name, strlen(charset->name));
        mime_draft_boolean(draft, PR_RTF_IN_SYNC, true);
        hr = mime_writer_finish(&writer, mime_writer_put(&writer, compressed, packed));
    }
    if (SUCCEEDED(hr) && charset->name == NULL)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    free(compressed);
    free(rtf);
    free(html);
    return hr;
}

HRESULT
mime_import_text_part(struct mime_import *import, GMimeObject *part, IMessage *message, ULONG tag,
                      struct mime_draft *draft, struct mime_charset *used)
{
    GMimeStream *stream = mime_import_content(part);
    const char *charset = g_mime_object_get_content_type_parameter(part, "charset");
    unsigned char *bytes = NULL;
    size_t size = 0;
    char name[64];
    HRESULT hr = S_OK;

    if (stream != NULL) {
        hr = mime_import_read_all(import->source, stream, &bytes, &size);
        g_object_unref(stream);
    }
    if (SUCCEEDED(hr)) {
        if (tag == PR_HTML && (charset == NULL || *charset == '\0') && !utf8_valid((const char *)bytes, size))
            charset = charset_in_html(bytes, size, name, sizeof name);
        if (tag == PR_HTML && (import->flags & CCSF_USE_RTF) != 0)
            hr = import_rtf(size == 0 ? (const void *)"" : bytes, size, charset, message, draft, used);
        else
            hr = mime_import_text_bytes(import, size == 0 ? (const void *)"" : bytes, size, charset, message, tag,
                                        draft, used);
    }
    free(bytes);
    return hr;
}
