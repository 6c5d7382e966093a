#include "mime/import_tnef.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/utf.h"
#include "mime/codepage.h"
#include "mime/tnef.h"

enum { MOST_BYTES = 512 * 1024 * 1024, MOST_PROPERTIES = 2000, MOST_RECIPIENTS = 20000, DEEPEST = 32 };

static const IID embedded_message = {0x00020307, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}}; /* IID_IMessage */

struct filling {
    struct mime_import *import;
    IMessage *message;
    ULONG codepage;
    unsigned depth; /* among the messages of one winmail.dat */
    bool outermost; /* what MIME says of the message wins */
};

bool mime_is_tnef(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);

    return GMIME_IS_PART(part) && (g_mime_content_type_is_type(type, "application", "ms-tnef") ||
                                   g_mime_content_type_is_type(type, "application", "vnd.ms-tnef"));
}

/* Properties ---------------------------------------------------------------------------------------------------- */

/* Who sent the message, what the body is and where it is are said by MIME [message-content.md]; a store computes others. */
static bool is_wanted(const struct filling *filling, const struct mime_draft *draft, const SPropValue *value)
{
    ULONG id = PROP_ID(value->ulPropTag);
    bool sender =
        (id >= PROP_ID(PR_SENDER_ENTRYID) && id <= PROP_ID(PR_SENDER_EMAIL_ADDRESS_W)) || id == PROP_ID(PR_BODY_W);

    if (PROP_TYPE(value->ulPropTag) == PT_ERROR || PROP_TYPE(value->ulPropTag) == PT_OBJECT ||
        (PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_FLAG) == PT_OBJECT || id == PROP_ID(PR_MESSAGE_FLAGS) ||
        id == PROP_ID(PR_ENTRYID) || id == PROP_ID(PR_STORE_ENTRYID) || id == PROP_ID(PR_PARENT_ENTRYID) ||
        id == PROP_ID_NULL || id == PROP_ID_INVALID)
        return false;
    if (filling->outermost && (sender || (id == PROP_ID(PR_RTF_COMPRESSED) && mime_draft_find(draft, PR_HTML) != NULL)))
        return false;
    for (ULONG i = 0; i < draft->count; i++)
        if (PROP_ID(draft->items[i].ulPropTag) == id && id < PROP_ID_NAMED_MIN)
            return false;
    return true;
}

static void draft_properties(const struct filling *filling, struct mime_draft *draft, struct mime_names *names,
                             const struct mime_tnef_property *properties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct mime_tnef_property *property = &properties[i];
        SPropValue *value;

        if (!is_wanted(filling, draft, &property->value))
            continue;
        if (property->set != NULL)
            value = mime_names_add(names, property->set, property->name, property->number,
                                   PROP_TYPE(property->value.ulPropTag));
        else
            value = mime_draft_add(draft, property->value.ulPropTag);
        if (value != NULL)
            value->Value = property->value.Value;
    }
}

/* A class that MIME could not know. */
static void take_class(struct mime_draft *draft, const struct mime_tnef_property *properties, size_t count)
{
    static const WCHAR note[] = u"IPM.Note";

    SPropValue *class = mime_draft_get(draft, PR_MESSAGE_CLASS_W);

    if (class == NULL || class->Value.lpszW == NULL || utf16_length(class->Value.lpszW) != utf16_length(note) ||
        memcmp(class->Value.lpszW, note, sizeof note) != 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (properties[i].value.ulPropTag == PR_MESSAGE_CLASS_W)
            class->Value.lpszW = properties[i].value.Value.lpszW;
}

static HRESULT fill_properties(struct filling *filling, struct mime_draft *draft, const unsigned char *bytes,
                               size_t size)
{
    struct mime_tnef_property *properties = malloc(MOST_PROPERTIES * sizeof *properties);
    struct mime_names *names = mime_names_create();
    HRESULT hr = properties == NULL || names == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    size_t count;

    if (SUCCEEDED(hr)) {
        count = mime_tnef_properties(&draft->arena, bytes, size, filling->codepage, properties, MOST_PROPERTIES, NULL);
        take_class(draft, properties, count);
        draft_properties(filling, draft, names, properties, count);
        hr = mime_names_draft(names, (IMAPIProp *)(void *)filling->message, draft, filling->import->allocators);
        if (draft->arena.failed)
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
    }
    /* the values are in the draft's arena; only names die with `names` */
    mime_names_free(names);
    free(properties);
    return hr;
}

/* Attachments --------------------------------------------------------------------------------------------------- */

struct pending {
    const unsigned char *title, *data, *props;
    size_t title_size, data_size, props_size;
    bool begun;
};

static HRESULT fill_message(struct filling *outer, IMessage *message, const unsigned char *bytes, size_t size);

/* The embedded message of an attachment: another TNEF behind the identifier of its interface. */
static HRESULT attach_embedded(struct filling *filling, IAttach *attach, const SBinary *object)
{
    IMAPIProp *prop = (IMAPIProp *)(void *)attach;
    IUnknown *unknown = NULL;
    IMessage *message;
    HRESULT hr =
        prop->lpVtbl->OpenProperty(prop, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, MAPI_CREATE | MAPI_MODIFY, &unknown);

    if (FAILED(hr))
        return hr == MAPI_E_NO_SUPPORT || hr == MAPI_E_INTERFACE_NOT_SUPPORTED ? S_OK : hr;
    message = (IMessage *)(void *)unknown;
    hr = fill_message(filling, message, object->lpb + sizeof(IID), object->cb - sizeof(IID));
    if (SUCCEEDED(hr))
        hr = message->lpVtbl->SaveChanges(message, 0);
    message->lpVtbl->Release(message);
    return hr;
}

static void draft_attachment(struct filling *filling, const struct pending *pending, struct mime_draft *draft,
                             const struct mime_tnef_property *properties, size_t count)
{
    struct filling everything = *filling;
    ULONG tag;

    everything.outermost = false;
    for (size_t i = 0; i < count; i++)
        if (properties[i].set == NULL && is_wanted(&everything, draft, &properties[i].value)) {
            SPropValue *value = mime_draft_add(draft, properties[i].value.ulPropTag);

            if (value != NULL)
                value->Value = properties[i].value.Value;
        }
    if (mime_draft_find(draft, PR_ATTACH_LONG_FILENAME_W) == NULL && pending->title != NULL)
        mime_draft_text_sized(draft, PR_ATTACH_LONG_FILENAME_W, (const char *)pending->title,
                              strnlen((const char *)pending->title, pending->title_size));
    if (mime_draft_find(draft, PR_ATTACH_METHOD) == NULL)
        mime_draft_long(draft, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    tag = mime_name_tag((IMAPIProp *)(void *)filling->message, &mime_kept_set, (LPCWSTR)u"from-tnef", PT_BOOLEAN, true,
                        filling->import->allocators);
    if (tag != 0)
        mime_draft_boolean(draft, tag, true);
}

static HRESULT write_attachment(struct filling *filling, const struct pending *pending, IAttach *attach)
{
    struct mime_tnef_property *properties = malloc(MOST_PROPERTIES * sizeof *properties);
    struct mime_draft draft;
    struct mime_writer writer = {.object = (IMAPIProp *)(void *)attach, .tag = PR_ATTACH_DATA_BIN, .draft = &draft};
    const SBinary *object = NULL;
    size_t count;
    HRESULT hr = S_OK;

    if (properties == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    mime_draft_init(&draft);
    count = pending->props == NULL ? 0
                                   : mime_tnef_properties(&draft.arena, pending->props, pending->props_size,
                                                          filling->codepage, properties, MOST_PROPERTIES, NULL);
    for (size_t i = 0; i < count; i++)
        if (properties[i].value.ulPropTag == PR_ATTACH_DATA_OBJ && properties[i].value.Value.bin.cb > sizeof(IID) &&
            memcmp(properties[i].value.Value.bin.lpb, &embedded_message, sizeof(IID)) == 0)
            object = &properties[i].value.Value.bin;
    draft_attachment(filling, pending, &draft, properties, count);
    if (object == NULL && pending->data != NULL)
        hr = mime_writer_finish(&writer, mime_writer_put(&writer, pending->data, pending->data_size));
    if (SUCCEEDED(hr))
        hr = mime_draft_apply(&draft, (IMAPIProp *)(void *)attach, filling->import->allocators);
    if (SUCCEEDED(hr) && object != NULL && filling->depth < DEEPEST)
        hr = attach_embedded(filling, attach, object);
    mime_draft_clear(&draft);
    free(properties);
    return hr;
}

static HRESULT finish_attachment(struct filling *filling, struct pending *pending)
{
    IAttach *attach = NULL;
    ULONG number;
    HRESULT hr;

    if (!pending->begun)
        return S_OK;
    hr = filling->message->lpVtbl->CreateAttach(filling->message, NULL, 0, &number, &attach);
    if (SUCCEEDED(hr))
        hr = write_attachment(filling, pending, attach);
    if (SUCCEEDED(hr))
        hr = attach->lpVtbl->SaveChanges(attach, 0);
    if (attach != NULL)
        attach->lpVtbl->Release(attach);
    memset(pending, 0, sizeof *pending);
    return hr;
}

/* Messages ------------------------------------------------------------------------------------------------------ */

static const char *text_of(struct mime_arena *arena, const struct mime_tnef_property *properties, size_t count,
                           ULONG tag)
{
    for (size_t i = 0; i < count; i++)
        if (properties[i].value.ulPropTag == tag)
            return mime_text_utf8(arena, properties[i].value.Value.lpszW,
                                  utf16_length(properties[i].value.Value.lpszW));
    return NULL;
}

/* The recipients of an embedded message; those of the outermost are in its header. */
static HRESULT fill_recipients(struct filling *filling, const unsigned char *bytes, size_t size)
{
    enum { ROW_PROPERTIES = 100 };
    struct mime_tnef_property *row = malloc(ROW_PROPERTIES * sizeof *row);
    struct mime_addresses list = {NULL, 0, 0};
    struct mime_arena arena;
    size_t at = 4, rows = 0;
    HRESULT hr;

    if (row == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    mime_arena_init(&arena);
    while (at < size && rows++ < MOST_RECIPIENTS) {
        size_t used = 0;
        size_t count =
            mime_tnef_properties(&arena, bytes + at, size - at, filling->codepage, row, ROW_PROPERTIES, &used);
        const char *address = text_of(&arena, row, count, PR_SMTP_ADDRESS_W);
        LONG type = MAPI_TO;

        if (address == NULL)
            address = text_of(&arena, row, count, PR_EMAIL_ADDRESS_W);
        for (size_t i = 0; i < count; i++)
            if (row[i].value.ulPropTag == PR_RECIPIENT_TYPE)
                type = row[i].value.Value.l;
        if (count != 0)
            mime_addresses_add(&list, &arena, text_of(&arena, row, count, PR_DISPLAY_NAME_W), address, type);
        at += used < 4 ? 4 : used;
    }
    hr = arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : mime_import_recipients(filling->import, &list, filling->message);
    mime_addresses_clear(&list);
    mime_arena_clear(&arena);
    free(row);
    return hr;
}

static HRESULT fill(struct filling *filling, struct mime_draft *draft, struct mime_tnef_reader *reader)
{
    struct pending pending;
    const unsigned char *content;
    ULONG attribute;
    size_t size;
    HRESULT hr = S_OK;

    memset(&pending, 0, sizeof pending);
    while (SUCCEEDED(hr) && mime_tnef_next(reader, &attribute, &content, &size)) {
        switch (attribute) {
        case TNEF_OEM_CODEPAGE:
            if (size >= 4)
                filling->codepage = (ULONG)content[0] | (ULONG)content[1] << 8;
            break;
        case TNEF_MESSAGE_PROPS:
            hr = fill_properties(filling, draft, content, size);
            break;
        case TNEF_RECIPIENTS:
            hr = filling->outermost ? S_OK : fill_recipients(filling, content, size);
            break;
        case TNEF_ATTACHMENT_BEGINS:
            hr = finish_attachment(filling, &pending);
            pending.begun = true;
            break;
        case TNEF_ATTACHMENT_TITLE:
            pending.title = content;
            pending.title_size = size;
            break;
        case TNEF_ATTACHMENT_DATA:
            pending.data = content;
            pending.data_size = size;
            break;
        case TNEF_ATTACHMENT_PROPS:
            pending.props = content;
            pending.props_size = size;
            break;
        default:
            break;
        }
    }
    return SUCCEEDED(hr) ? finish_attachment(filling, &pending) : hr;
}

static HRESULT fill_message(struct filling *outer, IMessage *message, const unsigned char *bytes, size_t size)
{
    struct filling filling = {outer->import, message, outer->codepage, outer->depth + 1, false};
    struct mime_tnef_reader reader;
    struct mime_draft draft;
    HRESULT hr;

    if (!mime_tnef_begin(&reader, bytes, size))
        return S_OK;
    mime_draft_init(&draft);
    hr = fill(&filling, &draft, &reader);
    if (SUCCEEDED(hr))
        hr = mime_draft_apply(&draft, (IMAPIProp *)(void *)message, filling.import->allocators);
    mime_draft_clear(&draft);
    return hr;
}

HRESULT
mime_import_tnef(struct mime_import *import, GMimeObject *part, IMessage *message, struct mime_draft *draft)
{
    struct filling filling = {import, message, CODEPAGE_LATIN1, 0, true};
    GMimeStream *stream = mime_import_content(part);
    struct mime_tnef_reader reader;
    unsigned char *bytes = NULL;
    size_t size = 0;
    HRESULT hr = S_OK;

    if (stream != NULL) {
        hr = mime_import_read_all(import->source, stream, &bytes, &size);
        g_object_unref(stream);
    }
    if (SUCCEEDED(hr) && (size > MOST_BYTES || !mime_tnef_begin(&reader, bytes, size)))
        mime_draft_note(draft, "A winmail.dat could not be read; it is an attachment as it stands.");
    else if (SUCCEEDED(hr))
        hr = fill(&filling, draft, &reader);
    free(bytes);
    return hr;
}
