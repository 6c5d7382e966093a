#include "mime/export.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/utf.h"
#include "mime/codepage.h"
#include "mime/draft.h"
#include "mime/names.h"
#include "mime/rtf.h"
#include "mime/text.h"

/* What the exporter reads of a message in one call. */
static const ULONG message_tags[] = {
    PR_MESSAGE_CLASS_W,
    PR_MESSAGE_FLAGS,
    PR_SUBJECT_W,
    PR_NORMALIZED_SUBJECT_W,
    PR_CLIENT_SUBMIT_TIME,
    PR_SENDER_NAME_W,
    PR_SENDER_ADDRTYPE_W,
    PR_SENDER_EMAIL_ADDRESS_W,
    PR_SENDER_SMTP_ADDRESS_W,
    PR_SENDER_ENTRYID,
    PR_SENT_REPRESENTING_NAME_W,
    PR_SENT_REPRESENTING_ADDRTYPE_W,
    PR_SENT_REPRESENTING_EMAIL_ADDRESS_W,
    PR_SENT_REPRESENTING_SMTP_ADDRESS_W,
    PR_SENT_REPRESENTING_ENTRYID,
    PR_READ_RECEIPT_NAME_W,
    PR_READ_RECEIPT_ADDRTYPE_W,
    PR_READ_RECEIPT_EMAIL_ADDRESS_W,
    PR_READ_RECEIPT_SMTP_ADDRESS_W,
    PR_READ_RECEIPT_ENTRYID,
    PR_REPLY_RECIPIENT_ENTRIES,
    PR_REPLY_RECIPIENT_NAMES_W,
    PR_INTERNET_MESSAGE_ID_W,
    PR_IN_REPLY_TO_ID_W,
    PR_INTERNET_REFERENCES_W,
    PR_CONVERSATION_TOPIC_W,
    PR_CONVERSATION_INDEX,
    PR_IMPORTANCE,
    PR_SENSITIVITY,
    PR_READ_RECEIPT_REQUESTED,
    PR_ORIGINATOR_DELIVERY_REPORT_REQUESTED,
    PR_REPORT_ENTRYID,
    PR_TNEF_CORRELATION_KEY,
    PR_SUPPLEMENTARY_INFO_W,
    PR_EXPIRY_TIME,
    PR_REPLY_TIME,
    PR_MESSAGE_LOCALE_ID,
    PR_AUTO_RESPONSE_SUPPRESS,
    PR_INTERNET_PRECEDENCE_W,
    PR_LIST_HELP_W,
    PR_LIST_SUBSCRIBE_W,
    PR_LIST_UNSUBSCRIBE_W,
    PR_NATIVE_BODY_INFO,
    PR_MSG_EDITOR_FORMAT,
    PR_INTERNET_CPID,
    PR_BODY_W,
    PR_HTML,
    PR_RTF_COMPRESSED,
    PR_BODY_CONTENT_ID_W,
    PR_BODY_CONTENT_LOCATION_W,
    PR_SEARCH_KEY,
    PR_TRANSPORT_MESSAGE_HEADERS_W,
};

enum { MESSAGE_TAGS = sizeof message_tags / sizeof message_tags[0] };

HRESULT
mime_read_props(const struct mime_allocators *allocators, IMAPIProp *object, const ULONG *tags, ULONG count,
                SPropValue **values)
{
    SPropTagArray *array = malloc(CbNewSPropTagArray(count));
    ULONG got = 0;
    HRESULT hr;

    *values = NULL;
    if (array == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    array->cValues = count;
    memcpy(array->aulPropTag, tags, count * sizeof *tags);
    hr = object->lpVtbl->GetProps(object, array, MAPI_UNICODE, &got, values);
    free(array);
    if (SUCCEEDED(hr) && got != count) {
        allocators->free_buffer(*values);
        *values = NULL;
        hr = MAPI_E_CALL_FAILED;
    }
    return FAILED(hr) ? hr : S_OK;
}

const SPropValue *mime_find_prop(const SPropValue *values, ULONG count, ULONG tag)
{
    for (ULONG i = 0; i < count; i++)
        if (values[i].ulPropTag == tag)
            return &values[i];
    return NULL;
}

const SPropValue *mime_export_prop(const struct mime_export *export, ULONG tag)
{
    return mime_find_prop(export->props, MESSAGE_TAGS, tag);
}

LONG mime_export_long(const struct mime_export *export, ULONG tag, LONG otherwise)
{
    const SPropValue *value = mime_export_prop(export, tag);

    if (value == NULL)
        return otherwise;
    return PROP_TYPE(tag) == PT_BOOLEAN ? value->Value.b : value->Value.l;
}

/* Large values -------------------------------------------------------------------------------------------------- */

/* All of a property through a stream, malloc'ed, with room for a terminator behind it. */
HRESULT
mime_read_stream(IMAPIProp *object, ULONG tag, unsigned char **bytes, size_t *size)
{
    IUnknown *unknown = NULL;
    IStream *stream;
    size_t capacity = 0;
    HRESULT hr = object->lpVtbl->OpenProperty(object, tag, &IID_IStream, STGM_READ, 0, &unknown);

    *bytes = NULL;
    *size = 0;
    if (FAILED(hr))
        return hr;
    stream = (IStream *)(void *)unknown;
    for (;;) {
        ULONG got = 0;

        if (capacity - *size < 4096) {
            size_t grown = capacity == 0 ? 128 * 1024 : 2 * capacity;
            unsigned char *moved = realloc(*bytes, grown);

            hr = moved == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
            if (FAILED(hr))
                break;
            *bytes = moved;
            capacity = grown;
        }
        hr = stream->lpVtbl->Read(stream, *bytes + *size, (ULONG)(capacity - *size - 2), &got);
        if (FAILED(hr) || got == 0)
            break;
        *size += got;
    }
    stream->lpVtbl->Release(stream);
    if (FAILED(hr)) {
        free(*bytes);
        *bytes = NULL;
    }
    return FAILED(hr) ? hr : S_OK;
}

/* Was the value too large for the property array? Its slot then says so under the same identifier. */
static bool is_large(const struct mime_export *export, ULONG tag)
{
    const SPropValue *value = mime_export_prop(export, CHANGE_PROP_TYPE(tag, PT_ERROR));

    return value != NULL && value->Value.err == MAPI_E_NOT_ENOUGH_MEMORY;
}

static HRESULT utf8_of(const WCHAR *wide, size_t units, char **text, size_t *size)
{
    return utf16_to_utf8_new(wide, units, UTF_REPLACE, text, size);
}

static HRESULT read_wide(struct mime_export *export, ULONG tag, char **text, size_t *size)
{
    const SPropValue *value = mime_export_prop(export, tag);
    unsigned char *bytes;
    size_t length;
    HRESULT hr;

    *text = NULL;
    *size = 0;
    if (value != NULL)
        return utf8_of(value->Value.lpszW, utf16_length(value->Value.lpszW), text, size);
    if (!is_large(export, tag))
        return S_OK;
    hr = mime_read_stream((IMAPIProp *)(void *)export->message, tag, &bytes, &length);
    if (FAILED(hr))
        return hr;
    length /= sizeof(WCHAR);
    if (length != 0 && ((WCHAR *)(void *)bytes)[length - 1] == 0)
        length--;
    hr = utf8_of((WCHAR *)(void *)bytes, length, text, size);
    free(bytes);
    return hr;
}

HRESULT
mime_export_kept(struct mime_export *export, LPCWSTR name, char **bytes, size_t *size)
{
    IMAPIProp *object = (IMAPIProp *)(void *)export->message;
    ULONG tag = mime_name_tag(object, &mime_kept_set, name, PT_BINARY, false, export->allocators);
    HRESULT hr;

    *bytes = NULL;
    *size = 0;
    if (tag == 0)
        return S_FALSE;
    hr = mime_read_stream(object, tag, (unsigned char **)bytes, size);
    return hr == MAPI_E_NOT_FOUND ? S_FALSE : hr;
}

const char *mime_export_text(struct mime_export *export, ULONG tag)
{
    char *text, *copy;
    size_t size;

    if (mime_export_prop(export, tag) == NULL && !is_large(export, tag))
        return NULL;
    if (FAILED(read_wide(export, tag, &text, &size)) || text == NULL) {
        export->arena.failed = true;
        return NULL;
    }
    copy = mime_arena_text(&export->arena, text, size);
    free(text);
    return copy;
}

/* HTML may be in another code page than UTF-8, as other stores have it. */
static HRESULT decode_html(struct mime_export *export, const unsigned char *bytes, size_t size)
{
    LONG codepage = mime_export_long(export, PR_INTERNET_CPID, CODEPAGE_UTF8);
    const char *name = codepage == CODEPAGE_ASCII ? NULL : mime_codepage_charset((ULONG)codepage);
    struct mime_charset charset;
    HRESULT hr = mime_charset_choose(name, bytes, size, &charset);

    return FAILED(hr) ? hr
                      : mime_charset_to_utf8(&charset, bytes, size, &export->bodies.html, &export->bodies.html_size);
}

static HRESULT read_html(struct mime_export *export)
{
    const SPropValue *value = mime_export_prop(export, PR_HTML);
    unsigned char *bytes;
    size_t size;
    HRESULT hr;

    if (value != NULL)
        return decode_html(export, value->Value.bin.lpb, value->Value.bin.cb);
    if (!is_large(export, PR_HTML))
        return S_OK;
    hr = mime_read_stream((IMAPIProp *)(void *)export->message, PR_HTML, &bytes, &size);
    if (SUCCEEDED(hr))
        hr = decode_html(export, bytes, size);
    free(bytes);
    return hr;
}

/* Correspondents ------------------------------------------------------------------------------------------------ */

/* An address of another type in a form that mail can carry: IMCEA, the type, the address with hexadecimal escapes. */
static const char *encapsulate(struct mime_arena *arena, const char *type, const char *address)
{
    static const char digits[] = "0123456789ABCDEF";
    char *text = mime_arena_alloc(arena, strlen(type) + 3 * strlen(address) + 32), *at = text;

    if (text == NULL)
        return "";
    at = stpcpy(stpcpy(stpcpy(at, "IMCEA"), type), "-");
    for (; *address != '\0'; address++) {
        unsigned char c = (unsigned char)*address;

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '=') {
            *at++ = (char)c;
        } else if (c == '/') {
            *at++ = '_';
        } else {
            *at++ = '+';
            *at++ = digits[c >> 4];
            *at++ = digits[c & 15];
        }
    }
    stpcpy(at, "@localhost.invalid");
    return text;
}

/* Asks the address book for the Internet address behind an entry identifier. */
static const char *resolve(struct mime_export *export, const SPropValue *entry_id)
{
    LPADRBOOK book = export->settings->address_book;
    static const ULONG tag = PR_SMTP_ADDRESS_W;
    IUnknown *unknown = NULL;
    SPropValue *values = NULL;
    const char *address = NULL;
    ULONG kind = 0;

    if (book == NULL || entry_id == NULL)
        return NULL;
    if (FAILED(book->lpVtbl->OpenEntry(book, entry_id->Value.bin.cb, (LPENTRYID)(void *)entry_id->Value.bin.lpb, NULL,
                                       0, &kind, &unknown)))
        return NULL;
    if (SUCCEEDED(mime_read_props(export->allocators, (IMAPIProp *)(void *)unknown, &tag, 1, &values)) &&
        values[0].ulPropTag == tag)
        address = mime_text_utf8(&export->arena, values[0].Value.lpszW, utf16_length(values[0].Value.lpszW));
    export->allocators->free_buffer(values);
    unknown->lpVtbl->Release(unknown);
    return address;
}

static const char *text_among(struct mime_export *export, const SPropValue *values, ULONG count, ULONG tag)
{
    const SPropValue *value = mime_find_prop(values, count, tag);

    return value == NULL ? NULL : mime_text_utf8(&export->arena, value->Value.lpszW, utf16_length(value->Value.lpszW));
}

static bool read_address(struct mime_export *export, const SPropValue *values, ULONG count,
                         const struct mime_address_tags *tags, struct mime_address *address)
{
    const char *name = text_among(export, values, count, tags->name);
    const char *type = text_among(export, values, count, tags->addrtype);
    const char *plain = text_among(export, values, count, tags->address);
    const char *smtp = text_among(export, values, count, tags->smtp_address);
    const SPropValue *entry_id = mime_find_prop(values, count, tags->entry_id);
    struct mime_address one_off;

    memset(address, 0, sizeof *address);
    if (smtp == NULL || *smtp == '\0')
        smtp = type == NULL || *type == '\0' || strcasecmp(type, "SMTP") == 0 ? plain : resolve(export, entry_id);
    if ((smtp == NULL || *smtp == '\0') && entry_id != NULL &&
        mime_address_from_entry_id(&export->arena, entry_id->Value.bin.lpb, entry_id->Value.bin.cb, &one_off))
        smtp = one_off.address;
    if ((smtp == NULL || *smtp == '\0') && plain != NULL && *plain != '\0')
        smtp = encapsulate(&export->arena, type, plain);
    address->address = smtp == NULL ? "" : smtp;
    address->name = name == NULL ? "" : name;
    return *address->address != '\0' || *address->name != '\0';
}

bool mime_export_correspondent(struct mime_export *export, const struct mime_address_tags *tags,
                               struct mime_address *address)
{
    return read_address(export, export->props, MESSAGE_TAGS, tags, address);
}

/* Tables -------------------------------------------------------------------------------------------------------- */

static void free_rows(const struct mime_allocators *allocators, SRowSet *rows)
{
    for (ULONG i = 0; rows != NULL && i < rows->cRows; i++)
        allocators->free_buffer(rows->aRow[i].lpProps);
    allocators->free_buffer(rows);
}

typedef HRESULT row_reader(struct mime_export *export, const SRow *row);

/* Calls `read` for each row of a table, which is released. */
static HRESULT for_each_row(struct mime_export *export, IMAPITable *table, const ULONG *tags, ULONG count,
                            row_reader *read)
{
    SPropTagArray *columns = malloc(CbNewSPropTagArray(count));
    HRESULT hr = columns == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    bool more = true;

    if (SUCCEEDED(hr)) {
        columns->cValues = count;
        memcpy(columns->aulPropTag, tags, count * sizeof *tags);
        hr = table->lpVtbl->SetColumns(table, columns, 0);
    }
    while (SUCCEEDED(hr) && more) {
        SRowSet *rows = NULL;

        hr = table->lpVtbl->QueryRows(table, 100, 0, &rows);
        if (FAILED(hr))
            break;
        more = rows->cRows != 0;
        for (ULONG i = 0; i < rows->cRows && SUCCEEDED(hr); i++)
            hr = read(export, &rows->aRow[i]);
        free_rows(export->allocators, rows);
    }
    free(columns);
    table->lpVtbl->Release(table);
    return FAILED(hr) ? hr : S_OK;
}

static HRESULT read_recipient(struct mime_export *export, const SRow *row)
{
    const SPropValue *type = mime_find_prop(row->lpProps, row->cValues, PR_RECIPIENT_TYPE);
    struct mime_address address;

    if (type != NULL && read_address(export, row->lpProps, row->cValues, &mime_recipient_tags, &address))
        mime_addresses_add(&export->recipients, &export->arena, address.name, address.address, type->Value.l);
    return export->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
}

static HRESULT read_attached(struct mime_export *export, const SRow *row)
{
    const SPropValue *number = mime_find_prop(row->lpProps, row->cValues, PR_ATTACH_NUM);
    const SPropValue *method = mime_find_prop(row->lpProps, row->cValues, PR_ATTACH_METHOD);
    const SPropValue *flags = mime_find_prop(row->lpProps, row->cValues, PR_ATTACH_FLAGS);
    const SPropValue *type = mime_find_prop(row->lpProps, row->cValues, PR_ATTACH_MIME_TAG_W);
    struct mime_attached *attached;

    if (number == NULL)
        return S_OK;
    if ((export->attached_count & (export->attached_count - 1)) == 0) { /* room for the next power of two */
        size_t room = export->attached_count == 0 ? 1 : 2 * export->attached_count;

        attached = realloc(export->attached, room * sizeof *attached);
        if (attached == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        export->attached = attached;
    }
    attached = &export->attached[export->attached_count++];
    attached->number = number->Value.ul;
    attached->method = method == NULL ? (LONG)ATTACH_BY_VALUE : method->Value.l;
    attached->type =
        type == NULL ? NULL : mime_text_utf8(&export->arena, type->Value.lpszW, utf16_length(type->Value.lpszW));
    attached->expanded = false;
    for (ULONG i = 0; i < row->cValues; i++) /* the only named property among the columns */
        if (PROP_ID(row->lpProps[i].ulPropTag) >= PROP_ID_NAMED_MIN &&
            PROP_TYPE(row->lpProps[i].ulPropTag) == PT_BOOLEAN)
            attached->expanded = row->lpProps[i].Value.b != 0;
    attached->inside = flags != NULL && (flags->Value.ul & ATT_MHTML_REF) != 0;
    return S_OK;
}

/* What came out of a winmail.dat is in it, and leaves with it. */
static void leave_out_expanded(struct mime_export *export)
{
    size_t kept = 0;
    bool tnef = false;

    for (size_t i = 0; i < export->attached_count; i++) {
        const char *type = export->attached[i].type;

        tnef = tnef || (type != NULL && (strcasecmp(type, "application/ms-tnef") == 0 ||
                                         strcasecmp(type, "application/vnd.ms-tnef") == 0));
    }
    for (size_t i = 0; i < export->attached_count && tnef; i++)
        if (!export->attached[i].expanded)
            export->attached[kept++] = export->attached[i];
    if (tnef)
        export->attached_count = kept;
}

HRESULT
mime_export_read_attached(struct mime_export *export)
{
    IMessage *message = export->message;
    ULONG expanded = mime_name_tag((IMAPIProp *)(void *)message, &mime_kept_set, (LPCWSTR)u"from-tnef", PT_BOOLEAN,
                                   false, export->allocators);
    const ULONG tags[] = {PR_ATTACH_NUM, PR_ATTACH_METHOD, PR_ATTACH_FLAGS, PR_ATTACH_MIME_TAG_W, expanded};
    IMAPITable *table = NULL;
    HRESULT hr = message->lpVtbl->GetAttachmentTable(message, MAPI_UNICODE, &table);

    if (SUCCEEDED(hr))
        hr = for_each_row(export, table, tags, expanded != 0 ? 5 : 4, read_attached);
    leave_out_expanded(export);
    return hr;
}

HRESULT
mime_export_read_recipients(struct mime_export *export)
{
    static const ULONG tags[] = {PR_RECIPIENT_TYPE,  PR_DISPLAY_NAME_W, PR_ADDRTYPE_W,
                                 PR_EMAIL_ADDRESS_W, PR_SMTP_ADDRESS_W, PR_ENTRYID};
    IMAPITable *table = NULL;
    HRESULT hr = export->message->lpVtbl->GetRecipientTable(export->message, MAPI_UNICODE, &table);

    return SUCCEEDED(hr) ? for_each_row(export, table, tags, 6, read_recipient) : hr;
}

/* Without a body of HTML, the one within the compressed RTF, or else its text. RTF that is damaged is as none. */
static HRESULT read_rtf(struct mime_export *export)
{
    const SPropValue *value = mime_export_prop(export, PR_RTF_COMPRESSED);
    unsigned char *bytes = NULL;
    char *rtf = NULL, *text = NULL;
    size_t size = 0, length;
    bool html;
    HRESULT hr = S_OK;

    if (export->bodies.html != NULL || (value == NULL && !is_large(export, PR_RTF_COMPRESSED)))
        return S_OK;
    if (value == NULL)
        hr = mime_read_stream((IMAPIProp *)(void *)export->message, PR_RTF_COMPRESSED, &bytes, &size);
    if (SUCCEEDED(hr))
        hr = mime_rtf_decompress(value != NULL ? value->Value.bin.lpb : bytes,
                                 value != NULL ? value->Value.bin.cb : size, &rtf, &size);
    if (SUCCEEDED(hr))
        hr = mime_rtf_read(rtf, size, &text, &length, &html);
    if (SUCCEEDED(hr) && html) {
        export->bodies.html = text;
        export->bodies.html_size = length;
        text = NULL;
    } else if (SUCCEEDED(hr) && export->bodies.text == NULL) {
        export->bodies.text = text;
        export->bodies.text_size = length;
        text = NULL;
    }
    free(text);
    free(rtf);
    free(bytes);
    return hr == MAPI_E_NOT_ENOUGH_MEMORY ? hr : S_OK;
}

HRESULT
mime_export_read(struct mime_export *export)
{
    HRESULT hr = mime_read_props(export->allocators, (IMAPIProp *)(void *)export->message, message_tags, MESSAGE_TAGS,
                                 &export->props);

    if (SUCCEEDED(hr))
        hr = read_wide(export, PR_BODY_W, &export->bodies.text, &export->bodies.text_size);
    if (SUCCEEDED(hr))
        hr = read_html(export);
    if (SUCCEEDED(hr))
        hr = read_rtf(export);
    if (SUCCEEDED(hr))
        mime_originals_read(export);
    if (SUCCEEDED(hr))
        hr = mime_export_read_recipients(export);
    return SUCCEEDED(hr) ? mime_export_read_attached(export) : hr;
}

void mime_export_forget(struct mime_export *export)
{
    export->allocators->free_buffer(export->props);
    mime_addresses_clear(&export->recipients);
    mime_arena_clear(&export->arena);
    free(export->bodies.text);
    free(export->bodies.html);
    free(export->attached);
}
