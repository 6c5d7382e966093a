#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/memstream.h"
#include "base/utf.h"
#include "support/fake_message.h"
#include "support/mime_helper.h"

#include "mime/converter.h"

static char sentence[256];
static IConverterSession *converter;
enum { MOST_BLOCKS = 65536 };

static void *blocks[MOST_BLOCKS];
static size_t block_count;
static IUnknown *objects[4096];
static size_t object_count;

static void record(HRESULT hr, const char *text)
{
    (void)hr;
    snprintf(sentence, sizeof sentence, "%s", text);
}

const struct mime_allocators helper_allocators = {sizeof helper_allocators, MAPIAllocateBuffer, MAPIAllocateMore,
                                                  MAPIFreeBuffer, record};

const char *helper_sentence(void)
{
    return sentence;
}

static void *keep(void *block)
{
    assert_non_null(block);
    assert_true(block_count < MOST_BLOCKS);
    return blocks[block_count++] = block;
}

static void *keep_object(void *object)
{
    assert_non_null(object);
    assert_true(object_count < 4096);
    objects[object_count++] = object;
    return object;
}

int helper_reset(void **state)
{
    (void)state;
    while (object_count != 0) {
        object_count--;
        objects[object_count]->lpVtbl->Release(objects[object_count]);
    }
    while (block_count != 0)
        free(blocks[--block_count]);
    if (converter != NULL)
        converter->lpVtbl->Release(converter);
    converter = NULL;
    sentence[0] = '\0';
    return 0;
}

IConverterSession *helper_converter(void)
{
    if (converter == NULL)
        assert_int_equal(mime_converter_create(&helper_allocators, &converter), S_OK);
    return converter;
}

IStream *helper_stream(const void *bytes, size_t size)
{
    IStream *stream;

    assert_int_equal(memstream_create_reader(NULL, bytes, size, &stream), S_OK);
    return stream;
}

IMessage *helper_message(unsigned limits)
{
    IMessage *message;

    assert_int_equal(fake_message_create(limits, &message), S_OK);
    return keep_object(message);
}

HRESULT
helper_try_import(const void *bytes, size_t size, ULONG flags, IMessage *message)
{
    IStream *stream = helper_stream(bytes, size);
    HRESULT hr = helper_converter()->lpVtbl->MIMEToMAPI(helper_converter(), stream, message, NULL, flags);

    stream->lpVtbl->Release(stream);
    return hr;
}

IMessage *helper_import_bytes(const void *bytes, size_t size)
{
    IMessage *message = helper_message(FAKE_COMPLETE);

    assert_int_equal(helper_try_import(bytes, size, IMPORT_ALL, message), S_OK);
    return message;
}

IMessage *helper_import(const char *text)
{
    return helper_import_bytes(text, strlen(text));
}

/* Properties ---------------------------------------------------------------------------------------------------- */

static char *text_of_wide(const WCHAR *wide, size_t units, size_t *size)
{
    char *text;

    assert_int_equal(utf16_to_utf8_new(wide, units, UTF_REPLACE, &text, size), S_OK);
    return keep(text);
}

static char *read_large(IMAPIProp *object, ULONG tag, size_t *size)
{
    IStream *stream = NULL;
    char *bytes = NULL;
    ULONG got;

    assert_int_equal(object->lpVtbl->OpenProperty(object, tag, &IID_IStream, 0, 0, (IUnknown **)(void *)&stream), S_OK);
    *size = 0;
    do {
        bytes = realloc(bytes, *size + (1 << 20) + 1);
        assert_non_null(bytes);
        assert_int_equal(stream->lpVtbl->Read(stream, bytes + *size, 1 << 20, &got), S_OK);
        *size += got;
    } while (got != 0);
    bytes[*size] = '\0';
    stream->lpVtbl->Release(stream);
    keep(bytes);
    return PROP_TYPE(tag) == PT_UNICODE ? text_of_wide((WCHAR *)(void *)bytes, *size / 2, size) : bytes;
}

static char *text_of_number(long long number)
{
    char *text = keep(malloc(32));

    snprintf(text, 32, "%lld", number);
    return text;
}

static char *text_of_value(const SPropValue *value, size_t *size)
{
    char *bytes;
    FILETIME ft;

    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_UNICODE:
        return text_of_wide(value->Value.lpszW, utf16_length(value->Value.lpszW), size);
    case PT_BINARY:
        bytes = keep(calloc(1, value->Value.bin.cb + 1));
        memcpy(bytes, value->Value.bin.lpb, value->Value.bin.cb);
        *size = value->Value.bin.cb;
        return bytes;
    case PT_SYSTIME:
        ft = value->Value.ft;
        return text_of_number((long long)(((uint64_t)ft.dwHighDateTime << 32 | ft.dwLowDateTime) / 10000000) -
                              11644473600LL);
    case PT_BOOLEAN:
        return text_of_number(value->Value.b);
    default:
        return text_of_number(value->Value.l);
    }
}

const char *helper_get_sized(void *pointer, ULONG tag, size_t *size)
{
    SizedSPropTagArray(1, tags) = {1, {tag}};
    IMAPIProp *object = pointer;
    SPropValue *value = NULL;
    char *text = NULL;
    ULONG count = 0;
    HRESULT hr = object->lpVtbl->GetProps(object, (SPropTagArray *)&tags, MAPI_UNICODE, &count, &value);

    *size = 0;
    assert_true(SUCCEEDED(hr));
    if (value->ulPropTag == tag)
        text = text_of_value(value, size);
    else if (value->Value.err == MAPI_E_NOT_ENOUGH_MEMORY)
        text = read_large(object, tag, size);
    MAPIFreeBuffer(value);
    return text;
}

const char *helper_get(void *object, ULONG tag)
{
    size_t size;

    return helper_get_sized(object, tag, &size);
}

static void set(void *pointer, SPropValue *value)
{
    IMAPIProp *object = pointer;
    SPropProblemArray *problems = NULL;

    assert_int_equal(object->lpVtbl->SetProps(object, 1, value, &problems), S_OK);
    assert_null(problems);
}

void helper_set(void *object, ULONG tag, const char *utf8)
{
    SPropValue value = {tag, 0, {0}};

    assert_int_equal(utf8_to_utf16_new(utf8, strlen(utf8), UTF_STRICT, &value.Value.lpszW, NULL), S_OK);
    set(object, &value);
    free(value.Value.lpszW);
}

void helper_set_long(void *object, ULONG tag, LONG number)
{
    SPropValue value = {tag, 0, {0}};

    if (PROP_TYPE(tag) == PT_BOOLEAN)
        value.Value.b = number != 0;
    else
        value.Value.l = number;
    set(object, &value);
}

void helper_set_binary(void *object, ULONG tag, const void *bytes, size_t size)
{
    SPropValue value = {tag, 0, {0}};

    value.Value.bin.cb = (ULONG)size;
    value.Value.bin.lpb = (BYTE *)(uintptr_t)bytes;
    set(object, &value);
}

/* Rows ---------------------------------------------------------------------------------------------------------- */

void helper_set_recipient(IMessage *message, const char *name, const char *address, LONG type)
{
    SPropValue values[3];
    ADRLIST list;

    memset(values, 0, sizeof values);
    values[0].ulPropTag = PR_RECIPIENT_TYPE;
    values[0].Value.l = type;
    values[1].ulPropTag = PR_DISPLAY_NAME_W;
    values[2].ulPropTag = PR_EMAIL_ADDRESS_W;
    assert_int_equal(utf8_to_utf16_new(name, strlen(name), UTF_STRICT, &values[1].Value.lpszW, NULL), S_OK);
    assert_int_equal(utf8_to_utf16_new(address, strlen(address), UTF_STRICT, &values[2].Value.lpszW, NULL), S_OK);
    list.cEntries = 1;
    list.aEntries[0] = (ADRENTRY){0, 3, values};
    assert_int_equal(message->lpVtbl->ModifyRecipients(message, 0, &list), S_OK);
    free(values[1].Value.lpszW);
    free(values[2].Value.lpszW);
}

static SRowSet *next_rows(IMAPITable *table)
{
    SRowSet *rows = NULL;

    assert_int_equal(table->lpVtbl->QueryRows(table, 1, 0, &rows), S_OK);
    return rows;
}

static void free_rows(SRowSet *rows)
{
    for (ULONG i = 0; i < rows->cRows; i++)
        MAPIFreeBuffer(rows->aRow[i].lpProps);
    MAPIFreeBuffer(rows);
}

const char *helper_recipients(IMessage *message)
{
    SizedSPropTagArray(3, tags) = {3, {PR_RECIPIENT_TYPE, PR_DISPLAY_NAME_W, PR_EMAIL_ADDRESS_W}};
    IMAPITable *table = NULL;
    char *text = NULL;
    size_t size = 0, room = 0, ignored;
    SRowSet *rows;

    assert_int_equal(message->lpVtbl->GetRecipientTable(message, MAPI_UNICODE, &table), S_OK);
    assert_int_equal(table->lpVtbl->SetColumns(table, (SPropTagArray *)&tags, 0), S_OK);
    for (rows = next_rows(table); rows->cRows != 0; rows = next_rows(table)) {
        const SPropValue *row = rows->aRow[0].lpProps;
        const char *name = PROP_TYPE(row[1].ulPropTag) == PT_ERROR ? "" : text_of_value(&row[1], &ignored);
        const char *address = PROP_TYPE(row[2].ulPropTag) == PT_ERROR ? "" : text_of_value(&row[2], &ignored);

        if (room - size < strlen(name) + strlen(address) + 32) {
            room = 2 * room + strlen(name) + strlen(address) + 32;
            text = realloc(text, room);
            assert_non_null(text);
        }
        size += (size_t)sprintf(text + size, "%d %s <%s>\n", (int)row[0].Value.l, name, address);
        free_rows(rows);
    }
    free_rows(rows);
    table->lpVtbl->Release(table);
    return text == NULL ? "" : keep(text);
}

ULONG
helper_attachment_count(IMessage *message)
{
    IMAPITable *table = NULL;
    ULONG count = 0;

    assert_int_equal(message->lpVtbl->GetAttachmentTable(message, 0, &table), S_OK);
    assert_int_equal(table->lpVtbl->GetRowCount(table, 0, &count), S_OK);
    table->lpVtbl->Release(table);
    return count;
}

IAttach *helper_attachment(IMessage *message, ULONG number)
{
    IAttach *attach = NULL;

    assert_int_equal(message->lpVtbl->OpenAttach(message, number, NULL, 0, &attach), S_OK);
    return keep_object(attach);
}

IMessage *helper_embedded(IMessage *message, ULONG number)
{
    IAttach *attach = helper_attachment(message, number);
    IMessage *embedded = NULL;

    assert_int_equal(
        attach->lpVtbl->OpenProperty(attach, PR_ATTACH_DATA_OBJ, &IID_IMessage, 0, 0, (IUnknown **)(void *)&embedded),
        S_OK);
    return keep_object(embedded);
}

IAttach *helper_attach(IMessage *message, const char *name, const char *type, const void *bytes, size_t size)
{
    IAttach *attach = NULL;
    ULONG number;

    assert_int_equal(message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach), S_OK);
    keep_object(attach);
    helper_set_long(attach, PR_ATTACH_METHOD, ATTACH_BY_VALUE);
    if (name != NULL)
        helper_set(attach, PR_ATTACH_LONG_FILENAME_W, name);
    if (type != NULL)
        helper_set(attach, PR_ATTACH_MIME_TAG_W, type);
    helper_set_binary(attach, PR_ATTACH_DATA_BIN, bytes, size);
    assert_int_equal(attach->lpVtbl->SaveChanges(attach, 0), S_OK);
    return attach;
}

/* Export -------------------------------------------------------------------------------------------------------- */

struct written {
    char *text;
    size_t size;
};

static HRESULT take(void *context, const void *bytes, size_t size)
{
    struct written *written = context;

    free(written->text);
    written->text = malloc(size + 1);
    if (written->text == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memcpy(written->text, bytes, size);
    written->text[size] = '\0';
    written->size = size;
    return S_OK;
}

HRESULT
helper_try_export(IMessage *message, ULONG flags, const char **text, size_t *size)
{
    struct written written = {NULL, 0};
    IStream *stream;
    HRESULT hr;

    *text = NULL;
    assert_int_equal(memstream_create_writer(NULL, take, NULL, &written, NULL, 0, &stream), S_OK);
    hr = helper_converter()->lpVtbl->MAPIToMIMEStm(helper_converter(), message, stream, flags);
    assert_int_equal(stream->lpVtbl->Commit(stream, STGC_DEFAULT), S_OK);
    stream->lpVtbl->Release(stream);
    if (written.text != NULL)
        *text = keep(written.text);
    *size = written.size;
    return hr;
}

const char *helper_export(IMessage *message, ULONG flags)
{
    const char *text;
    size_t size;

    assert_int_equal(helper_try_export(message, flags | CCSF_SMTP, &text, &size), S_OK);
    return text == NULL ? "" : text;
}
