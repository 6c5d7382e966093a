#include "mime/export.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/byte_buffer.h"
#include "base/utf.h"
#include "mime/names.h"
#include "mime/text.h"
#include "mime/tnef.h"

/*
 * winmail.dat is built in memory, because the size of each attribute stands before it. tnef.h has the form.
 */
enum { TNEF_VERSION = 0x00089006, TNEF_CLASS = 0x00078008, LEVEL_MESSAGE = 1, LEVEL_ATTACHMENT = 2, DEEPEST = 32 };

static const IID embedded_message = {0x00020307, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}}; /* IID_IMessage */

struct tnef {
    struct mime_export *export;
    struct byte_buffer out;
    HRESULT failure;
    unsigned depth;
};

static void put(struct tnef *tnef, const void *bytes, size_t size)
{
    if (SUCCEEDED(tnef->failure) && size != 0)
        tnef->failure = byte_buffer_append(&tnef->out, bytes, size);
}

static void put_u32(struct tnef *tnef, size_t value)
{
    if (value > UINT32_MAX)
        tnef->failure = MAPI_E_TOO_BIG;
    if (SUCCEEDED(tnef->failure))
        tnef->failure = byte_buffer_append_u32(&tnef->out, (uint32_t)value);
}

static void put_padding(struct tnef *tnef, size_t size)
{
    put(tnef, "\0\0\0", (4 - size % 4) % 4);
}

/* A number that was not known when it was due. */
static void correct_u32(struct tnef *tnef, size_t at, size_t value)
{
    if (value > UINT32_MAX)
        tnef->failure = MAPI_E_TOO_BIG;
    if (FAILED(tnef->failure))
        return;
    for (int i = 0; i < 4; i++)
        tnef->out.bytes[at + (size_t)i] = (unsigned char)(value >> (8 * i));
}

/* Begins an attribute; end_attribute wants what this returns. */
static size_t begin_attribute(struct tnef *tnef, char level, ULONG attribute)
{
    put(tnef, &level, 1);
    put_u32(tnef, attribute);
    put_u32(tnef, 0);
    return tnef->out.size;
}

static void end_attribute(struct tnef *tnef, size_t begun)
{
    size_t size = tnef->out.size - begun;
    unsigned sum = 0;
    unsigned char checksum[2];

    if (FAILED(tnef->failure))
        return;
    correct_u32(tnef, begun - 4, size);
    for (size_t i = 0; i < size; i++)
        sum += tnef->out.bytes[begun + i];
    checksum[0] = (unsigned char)sum;
    checksum[1] = (unsigned char)(sum >> 8);
    put(tnef, checksum, 2);
}

static void put_attribute(struct tnef *tnef, char level, ULONG attribute, const void *content, size_t size)
{
    size_t begun = begin_attribute(tnef, level, attribute);

    put(tnef, content, size);
    end_attribute(tnef, begun);
}

/* Properties ---------------------------------------------------------------------------------------------------- */

static void put_sized(struct tnef *tnef, const void *bytes, size_t size)
{
    put_u32(tnef, size);
    put(tnef, bytes, size);
    put_padding(tnef, size);
}

static void put_wide(struct tnef *tnef, LPCWSTR text)
{
    put_sized(tnef, text, (utf16_length(text) + 1) * sizeof(WCHAR));
}

/* What the importer's reader reads. */
static bool has_form(ULONG type)
{
    switch (type) {
    case PT_I2:
    case PT_LONG:
    case PT_R4:
    case PT_BOOLEAN:
    case PT_DOUBLE:
    case PT_APPTIME:
    case PT_CURRENCY:
    case PT_I8:
    case PT_SYSTIME:
    case PT_CLSID:
    case PT_UNICODE:
    case PT_BINARY:
    case PT_MV_LONG:
    case PT_MV_UNICODE:
    case PT_MV_BINARY:
        return true;
    default:
        return false;
    }
}

static void put_value(struct tnef *tnef, const SPropValue *value)
{
    unsigned char number[8] = {0};

    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_UNICODE:
        put_u32(tnef, 1);
        put_wide(tnef, value->Value.lpszW);
        break;
    case PT_BINARY:
        put_u32(tnef, 1);
        put_sized(tnef, value->Value.bin.lpb, value->Value.bin.cb);
        break;
    case PT_CLSID:
        put(tnef, value->Value.lpguid, sizeof(GUID));
        break;
    case PT_MV_LONG:
        put_u32(tnef, value->Value.MVl.cValues);
        put(tnef, value->Value.MVl.lpl, value->Value.MVl.cValues * sizeof(LONG));
        break;
    case PT_MV_UNICODE:
        put_u32(tnef, value->Value.MVszW.cValues);
        for (ULONG i = 0; i < value->Value.MVszW.cValues; i++)
            put_wide(tnef, value->Value.MVszW.lppszW[i]);
        break;
    case PT_MV_BINARY:
        put_u32(tnef, value->Value.MVbin.cValues);
        for (ULONG i = 0; i < value->Value.MVbin.cValues; i++)
            put_sized(tnef, value->Value.MVbin.lpbin[i].lpb, value->Value.MVbin.lpbin[i].cb);
        break;
    case PT_BOOLEAN:
        number[0] = value->Value.b != 0;
        put(tnef, number, 4);
        break;
    case PT_I2:
        memcpy(number, &value->Value.i, sizeof value->Value.i);
        put(tnef, number, 4);
        break;
    case PT_LONG:
    case PT_R4:
        put(tnef, &value->Value, 4);
        break;
    default:
        put(tnef, &value->Value, 8);
        break;
    }
}

static void put_name(struct tnef *tnef, const MAPINAMEID *name)
{
    put(tnef, name->lpguid, sizeof(GUID));
    put_u32(tnef, name->ulKind);
    if (name->ulKind == MNID_ID)
        put_u32(tnef, (ULONG)name->Kind.lID);
    else
        put_wide(tnef, name->Kind.lpwstrName);
}

/* Who sent the message and its plain text are said by MIME; what the converter keeps for itself stays at home. */
static bool is_left_out(const struct tnef *tnef, ULONG tag, const MAPINAMEID *name)
{
    ULONG id = PROP_ID(tag);

    if (id >= PROP_ID_NAMED_MIN)
        return name == NULL || name->lpguid == NULL || memcmp(name->lpguid, &mime_kept_set, sizeof(GUID)) == 0;
    return id == PROP_ID(PR_ATTACH_DATA_BIN) || id == PROP_ID(PR_TRANSPORT_MESSAGE_HEADERS_W) ||
           (tnef->depth == 0 && (id == PROP_ID(PR_BODY_W) ||
                                 (id >= PROP_ID(PR_SENDER_ENTRYID) && id <= PROP_ID(PR_SENDER_EMAIL_ADDRESS_W))));
}

/* A value that was too large for the array. */
static void put_large(struct tnef *tnef, IMAPIProp *object, ULONG tag)
{
    unsigned char *bytes = NULL;
    size_t size = 0;

    tnef->failure = mime_read_stream(object, tag, &bytes, &size);
    put_u32(tnef, 1);
    put_sized(tnef, bytes, size);
    free(bytes);
}

static void put_property(struct tnef *tnef, IMAPIProp *object, ULONG tag, const SPropValue *value,
                         const MAPINAMEID *name, size_t *count)
{
    bool large = PROP_TYPE(value->ulPropTag) == PT_ERROR && value->Value.err == MAPI_E_NOT_ENOUGH_MEMORY &&
                 (PROP_TYPE(tag) == PT_BINARY || PROP_TYPE(tag) == PT_UNICODE);

    if ((PROP_TYPE(value->ulPropTag) == PT_ERROR && !large) || !has_form(PROP_TYPE(tag)) ||
        is_left_out(tnef, tag, name))
        return;
    put_u32(tnef, tag);
    if (PROP_ID(tag) >= PROP_ID_NAMED_MIN)
        put_name(tnef, name);
    if (large)
        put_large(tnef, object, tag);
    else
        put_value(tnef, value);
    ++*count;
}

/* All properties of an object, in a block whose count stands at *count_at. */
static size_t put_properties(struct tnef *tnef, IMAPIProp *object, size_t *count_at)
{
    const struct mime_allocators *allocators = tnef->export->allocators;
    SPropTagArray *tags = NULL;
    SPropValue *values = NULL;
    MAPINAMEID **names = NULL;
    ULONG named = 0;
    size_t count = 0;

    *count_at = tnef->out.size;
    put_u32(tnef, 0);
    if (SUCCEEDED(tnef->failure))
        tnef->failure = object->lpVtbl->GetPropList(object, MAPI_UNICODE, &tags);
    if (SUCCEEDED(tnef->failure) && tags->cValues != 0) {
        tnef->failure = mime_read_props(allocators, object, tags->aulPropTag, tags->cValues, &values);
        if (FAILED(object->lpVtbl->GetNamesFromIDs(object, &tags, NULL, 0, &named, &names)))
            named = 0;
    }
    for (ULONG i = 0; SUCCEEDED(tnef->failure) && i < tags->cValues; i++)
        put_property(tnef, object, tags->aulPropTag[i], &values[i], i < named ? names[i] : NULL, &count);
    allocators->free_buffer(names);
    allocators->free_buffer(values);
    allocators->free_buffer(tags);
    return count;
}

/* Attachments and messages -------------------------------------------------------------------------------------- */

static void put_message(struct tnef *tnef, IMessage *message);

/* The embedded message as the value of PR_ATTACH_DATA_OBJ. */
static void put_embedded(struct tnef *tnef, IMAPIProp *object)
{
    IUnknown *unknown = NULL;
    size_t begun;

    tnef->failure = object->lpVtbl->OpenProperty(object, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, &unknown);
    if (FAILED(tnef->failure))
        return;
    put_u32(tnef, PR_ATTACH_DATA_OBJ);
    put_u32(tnef, 1);
    put_u32(tnef, 0);
    begun = tnef->out.size;
    put(tnef, &embedded_message, sizeof embedded_message);
    tnef->depth++;
    put_message(tnef, (IMessage *)(void *)unknown);
    tnef->depth--;
    unknown->lpVtbl->Release(unknown);
    correct_u32(tnef, begun - 4, tnef->out.size - begun);
    put_padding(tnef, tnef->out.size - begun);
}

static void put_data(struct tnef *tnef, IMAPIProp *object)
{
    unsigned char *bytes = NULL;
    size_t size = 0;
    HRESULT hr = mime_read_stream(object, PR_ATTACH_DATA_BIN, &bytes, &size);

    if (SUCCEEDED(hr))
        put_attribute(tnef, LEVEL_ATTACHMENT, TNEF_ATTACHMENT_DATA, bytes, size);
    else if (hr != MAPI_E_NOT_FOUND)
        tnef->failure = hr;
    free(bytes);
}

static void put_attachment(struct tnef *tnef, IMessage *message, ULONG number)
{
    static const unsigned char file[14] = {1, 0, 0xFF, 0xFF, 0xFF, 0xFF};
    static const ULONG method_tag = PR_ATTACH_METHOD;
    SPropValue *method = NULL;
    IAttach *attach = NULL;
    IMAPIProp *object;
    size_t begun, count, count_at;
    bool embedded = false;

    tnef->failure = message->lpVtbl->OpenAttach(message, number, NULL, 0, &attach);
    if (FAILED(tnef->failure))
        return;
    object = (IMAPIProp *)(void *)attach;
    if (SUCCEEDED(mime_read_props(tnef->export->allocators, object, &method_tag, 1, &method)))
        embedded = method->ulPropTag == method_tag && method->Value.l == (LONG)ATTACH_EMBEDDED_MSG;
    tnef->export->allocators->free_buffer(method);
    put_attribute(tnef, LEVEL_ATTACHMENT, TNEF_ATTACHMENT_BEGINS, file, sizeof file);
    if (!embedded)
        put_data(tnef, object);
    begun = begin_attribute(tnef, LEVEL_ATTACHMENT, TNEF_ATTACHMENT_PROPS);
    count = put_properties(tnef, object, &count_at);
    if (embedded && tnef->depth < DEEPEST && SUCCEEDED(tnef->failure)) {
        put_embedded(tnef, object);
        count++;
    }
    correct_u32(tnef, count_at, count);
    end_attribute(tnef, begun);
    attach->lpVtbl->Release(attach);
}

static void put_text(struct tnef *tnef, struct mime_arena *arena, ULONG tag, const char *text)
{
    LPWSTR wide = mime_text_wide(arena, text, strlen(text));

    if (wide == NULL) {
        tnef->failure = MAPI_E_NOT_ENOUGH_MEMORY;
        return;
    }
    put_u32(tnef, tag);
    put_u32(tnef, 1);
    put_wide(tnef, wide);
}

/* Of embedded messages only: those of the outermost are in its header. */
static void put_recipients(struct tnef *tnef, struct mime_export *inner)
{
    size_t begun;

    if (SUCCEEDED(tnef->failure))
        tnef->failure = mime_export_read_recipients(inner);
    begun = begin_attribute(tnef, LEVEL_MESSAGE, TNEF_RECIPIENTS);
    put_u32(tnef, inner->recipients.count);
    for (size_t i = 0; i < inner->recipients.count && SUCCEEDED(tnef->failure); i++) {
        const struct mime_address *address = &inner->recipients.items[i];

        put_u32(tnef, 4);
        put_u32(tnef, PR_RECIPIENT_TYPE);
        put_u32(tnef, (ULONG)address->type);
        put_text(tnef, &inner->arena, PR_DISPLAY_NAME_W, address->name);
        put_text(tnef, &inner->arena, PR_ADDRTYPE_W, "SMTP");
        put_text(tnef, &inner->arena, PR_EMAIL_ADDRESS_W, address->address);
    }
    end_attribute(tnef, begun);
}

static void put_message(struct tnef *tnef, IMessage *message)
{
    static const unsigned char version[4] = {0, 0, 1, 0}, codepage[8] = {0xE4, 4};
    struct mime_export inner = {.allocators = tnef->export->allocators, .settings = tnef->export->settings};
    size_t begun, count_at, count;

    put_u32(tnef, 0x223E9F78);
    put(tnef, "\1", 2);
    put_attribute(tnef, LEVEL_MESSAGE, TNEF_VERSION, version, sizeof version);
    put_attribute(tnef, LEVEL_MESSAGE, TNEF_OEM_CODEPAGE, codepage, sizeof codepage);
    put_attribute(tnef, LEVEL_MESSAGE, TNEF_CLASS, "IPM.Microsoft Mail.Note", 24);
    begun = begin_attribute(tnef, LEVEL_MESSAGE, TNEF_MESSAGE_PROPS);
    count = put_properties(tnef, (IMAPIProp *)(void *)message, &count_at);
    correct_u32(tnef, count_at, count);
    end_attribute(tnef, begun);
    inner.message = message;
    if (tnef->depth != 0)
        put_recipients(tnef, &inner);
    if (SUCCEEDED(tnef->failure))
        tnef->failure = mime_export_read_attached(&inner);
    for (size_t i = 0; i < inner.attached_count && SUCCEEDED(tnef->failure); i++)
        put_attachment(tnef, message, inner.attached[i].number);
    mime_export_forget(&inner);
}

HRESULT
mime_export_tnef(struct mime_export *export)
{
    struct tnef tnef = {.export = export};
    struct mime_encoder encoder = {{0}, 0};

    byte_buffer_init(&tnef.out);
    put_message(&tnef, export->message);
    mime_output_text(export->out, "Content-Type: application/ms-tnef; name=\"winmail.dat\"\r\n"
                                  "Content-Disposition: attachment; filename=\"winmail.dat\"\r\n"
                                  "Content-Transfer-Encoding: base64\r\n\r\n");
    if (SUCCEEDED(tnef.failure))
        mime_output_base64(export->out, &encoder, tnef.out.bytes, tnef.out.size, true);
    byte_buffer_free(&tnef.out);
    return tnef.failure;
}

bool mime_export_wants_tnef(const struct mime_export *export)
{
    enum { USE_TNEF = 0x8582 };
    IMAPIProp *object = (IMAPIProp *)(void *)export->message;
    ULONG tag;
    SPropValue *value = NULL;
    bool wanted = false;

    if ((export->flags & CCSF_USE_TNEF) != 0)
        return true;
    tag = mime_number_tag(object, &PSETID_Common, USE_TNEF, PT_BOOLEAN, export->allocators);
    if (tag != 0 && SUCCEEDED(mime_read_props(export->allocators, object, &tag, 1, &value)))
        wanted = value->ulPropTag == tag && value->Value.b != 0;
    export->allocators->free_buffer(value);
    return wanted;
}
