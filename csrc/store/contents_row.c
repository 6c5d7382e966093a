/* One row of a contents table as the client gets it (declared in contents.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/buffer.h"
#include "base/propcodec.h"
#include "base/utf.h"
#include "store/contents.h"
#include "store/entryid.h"
#include "store/props_blob.h"

/* The rows of a page are read hundreds at a time, so a row is one block: the values, then what they point to. First
 * its size is worked out, then it is filled. */
struct cell {
    const void *bytes; /* text, blob or payload in SQLite's memory */
    size_t size;
    int64_t number;
    struct blob_entry entry; /* of SOURCE_PROPS */
    bool present;
};

enum { CELLS_ON_STACK = 32 };

static bool is_wide(ULONG tag)
{
    return PROP_TYPE(tag) == PT_UNICODE;
}

/* Every string and binary begins at an even address, for UTF-16. */
static size_t even(size_t size)
{
    return (size + 1) & ~(size_t)1;
}

static size_t text_room(ULONG tag, size_t bytes)
{
    return is_wide(tag) ? sizeof(WCHAR) * (bytes + 1) : even(bytes + 1);
}

/* Of SQLite's accessors each call counts here, so a cell's type is asked for only where its value leaves a doubt. */
static bool is_null(sqlite3_stmt *statement, int index)
{
    return sqlite3_column_type(statement, index) == SQLITE_NULL;
}

static HRESULT measure_bytes(sqlite3_stmt *statement, const struct output *output, struct cell *cell, size_t *room)
{
    int index = output->field->index;
    bool text = output->field->kind == COLUMN_TEXT;

    cell->bytes = text ? (const void *)sqlite3_column_text(statement, index) : sqlite3_column_blob(statement, index);
    cell->present = cell->bytes != NULL || !is_null(statement, index);
    if (!cell->present)
        return S_OK;
    if (cell->bytes == NULL && text)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    cell->size = (size_t)sqlite3_column_bytes(statement, index);
    *room += text ? text_room(output->tag, cell->size) : even(cell->size);
    return S_OK;
}

static HRESULT measure_field(sqlite3_stmt *statement, const struct output *output, struct cell *cell, size_t *room)
{
    if (output->field->kind == COLUMN_TEXT || output->field->kind == COLUMN_BINARY)
        return measure_bytes(statement, output, cell, room);
    cell->number = sqlite3_column_int64(statement, output->field->index);
    if (output->field->kind == COLUMN_FOLDER)
        *room += OBJECT_ENTRYID_SIZE;
    cell->present = cell->number != 0 || !is_null(statement, output->field->index);
    if (output->field->kind == COLUMN_TIME && cell->number == NO_TIME)
        cell->present = false;
    return S_OK;
}

static size_t property_room(const struct blob_entry *entry)
{
    size_t size = entry->external ? (size_t)entry->external_size : entry->size;

    return size > PROP_INLINE_LIMIT ? 0 : prop_payload_room(entry->tag, size);
}

static HRESULT measure(struct contents *table, sqlite3_stmt *statement, struct cell *cells, size_t *room, size_t *extra)
{
    const unsigned char *props = NULL;
    size_t props_size = 0;
    HRESULT hr = S_OK;
    ULONG i;

    if (table->selection.with_props) {
        props = sqlite3_column_blob(statement, table->selection.props_index);
        props_size = (size_t)sqlite3_column_bytes(statement, table->selection.props_index);
    }
    for (i = 0; i < table->columns->cValues && SUCCEEDED(hr); i++) {
        const struct output *output = &table->outputs[i];
        struct cell *cell = &cells[i];

        switch (output->source) {
        case SOURCE_FIELD:
            hr = measure_field(statement, output, cell, room);
            break;
        case SOURCE_PROPS:
            cell->present = props != NULL && props_blob_find(props, props_size, output->tag, &cell->entry);
            if (cell->present)
                *extra += property_room(&cell->entry);
            break;
        case SOURCE_ENTRYID:
            *room += OBJECT_ENTRYID_SIZE;
            break;
        case SOURCE_INSTANCE_KEY:
            *room += INSTANCE_KEY_SIZE;
            break;
        case SOURCE_BYTES:
            *room += even(output->size);
            break;
        default:
            break;
        }
    }
    return hr;
}

static void set_error(ULONG tag, HRESULT error, SPropValue *out)
{
    out->ulPropTag = CHANGE_PROP_TYPE(tag, PT_ERROR);
    out->Value.err = error;
}

static unsigned char *put_text(const struct cell *cell, ULONG tag, unsigned char *at, SPropValue *out)
{
    size_t units;

    out->ulPropTag = tag;
    if (!is_wide(tag)) {
        memcpy(at, cell->bytes, cell->size + 1); /* SQLite's text ends with a NUL */
        out->Value.lpszA = (char *)at;
        return at + even(cell->size + 1);
    }
    out->Value.lpszW = (WCHAR *)(void *)at;
    units = utf8_to_utf16(cell->bytes, cell->size, out->Value.lpszW, UTF_WTF8);
    if (units == UTF_INVALID)
        units = utf8_to_utf16(cell->bytes, cell->size, out->Value.lpszW, UTF_REPLACE);
    out->Value.lpszW[units] = 0;
    return at + sizeof(WCHAR) * (cell->size + 1);
}

static unsigned char *put_binary(const void *bytes, size_t size, ULONG tag, unsigned char *at, SPropValue *out)
{
    out->ulPropTag = tag;
    out->Value.bin.cb = (ULONG)size;
    out->Value.bin.lpb = at;
    if (size > 0)
        memcpy(at, bytes, size);
    return at + even(size);
}

static unsigned char *put_entryid(const struct store *store, ULONG kind, int64_t row, ULONG tag, unsigned char *at,
                                  SPropValue *out)
{
    object_entryid_make(&store->uid, kind, row, at);
    out->ulPropTag = tag;
    out->Value.bin.cb = OBJECT_ENTRYID_SIZE;
    out->Value.bin.lpb = at;
    return at + OBJECT_ENTRYID_SIZE;
}

static unsigned char *put_field(const struct store *store, const struct output *output, const struct cell *cell,
                                unsigned char *at, SPropValue *out)
{
    if (!cell->present) {
        set_error(output->tag, MAPI_E_NOT_FOUND, out);
        return at;
    }
    switch (output->field->kind) {
    case COLUMN_LONG:
        value_long(output->tag, (ULONG)cell->number, out);
        return at;
    case COLUMN_BOOLEAN:
        value_boolean(output->tag, cell->number != 0, out);
        return at;
    case COLUMN_TIME:
        value_time(output->tag, cell->number, out);
        return at;
    case COLUMN_TEXT:
        return put_text(cell, output->tag, at, out);
    case COLUMN_FOLDER:
        return put_entryid(store, MAPI_FOLDER, cell->number, output->tag, at, out);
    default:
        return put_binary(cell->bytes, cell->size, output->tag, at, out);
    }
}

/* A value that has no column: it comes out of the blob, or, up to PROP_INLINE_LIMIT, out of the chunk table. */
static HRESULT read_property(struct contents *table, int64_t id, const struct output *output, const struct cell *cell,
                             void *head, SPropValue *out)
{
    struct place place = {CHUNKS_OF_MESSAGE, id};
    struct byte_buffer bytes;
    ULONG wanted;
    HRESULT hr;

    if (!cell->present || FAILED(prop_wanted_tag(cell->entry.tag, output->tag, MAPI_UNICODE, &wanted))) {
        set_error(output->tag, MAPI_E_NOT_FOUND, out);
        return S_OK;
    }
    if (!cell->entry.external)
        return prop_value_from_payload(wanted, 0, cell->entry.bytes, cell->entry.size, head, out);
    if (cell->entry.external_size > PROP_INLINE_LIMIT) {
        set_error(output->tag, MAPI_E_NOT_ENOUGH_MEMORY, out);
        return S_OK;
    }
    byte_buffer_init(&bytes);
    hr = chunk_read(table->store, place, cell->entry.tag, 0, &bytes);
    if (SUCCEEDED(hr))
        hr = prop_value_from_payload(wanted, 0, bytes.bytes, bytes.size, head, out);
    byte_buffer_free(&bytes);
    return hr;
}

/* A damaged value is an error in its place, and hides neither the row nor the rows around it. */
static HRESULT put_property(struct contents *table, int64_t id, const struct output *output, const struct cell *cell,
                            void *head, SPropValue *out)
{
    HRESULT hr = read_property(table, id, output, cell, head, out);

    if (hr != MAPI_E_CORRUPT_DATA)
        return hr;
    set_error(output->tag, hr, out);
    return S_OK;
}

static HRESULT fill(struct contents *table, int64_t id, const struct cell *cells, LPSPropValue values)
{
    unsigned char *at = (unsigned char *)(values + table->columns->cValues);
    HRESULT hr = S_OK;
    ULONG i;

    for (i = 0; i < table->columns->cValues && SUCCEEDED(hr); i++) {
        const struct output *output = &table->outputs[i];
        SPropValue *out = &values[i];

        out->dwAlignPad = 0;
        switch (output->source) {
        case SOURCE_FIELD:
            at = put_field(table->store, output, &cells[i], at, out);
            break;
        case SOURCE_PROPS:
            hr = put_property(table, id, output, &cells[i], values, out);
            break;
        case SOURCE_LONG:
            value_long(output->tag, output->number, out);
            break;
        case SOURCE_BYTES:
            at = put_binary(output->bytes, output->size, output->tag, at, out);
            break;
        case SOURCE_ENTRYID:
            at = put_entryid(table->store, MAPI_MESSAGE, id, output->tag, at, out);
            break;
        case SOURCE_INSTANCE_KEY:
            instance_key_make(id, at);
            out->ulPropTag = output->tag;
            out->Value.bin.cb = INSTANCE_KEY_SIZE;
            out->Value.bin.lpb = at;
            at += INSTANCE_KEY_SIZE;
            break;
        case SOURCE_NULL:
            out->ulPropTag = PR_NULL;
            out->Value.x = 0;
            break;
        default:
            set_error(output->tag, MAPI_E_NOT_FOUND, out);
            break;
        }
    }
    return hr;
}

static HRESULT read_row(struct contents *table, sqlite3_stmt *statement, int64_t id, struct cell *cells,
                        LPSPropValue *out)
{
    size_t room = table->columns->cValues * sizeof(SPropValue);
    size_t extra = 0;
    void *block = NULL;
    HRESULT hr = measure(table, statement, cells, &room, &extra);

    if (SUCCEEDED(hr))
        hr = buffer_allocate_with_room((ULONG)room, (ULONG)extra, &block);
    if (FAILED(hr))
        return hr;
    hr = fill(table, id, cells, block);
    if (FAILED(hr)) {
        MAPIFreeBuffer(block);
        return hr;
    }
    *out = block;
    return S_OK;
}

HRESULT contents_read_row(struct contents *table, sqlite3_stmt *statement, int64_t id, LPSPropValue *out)
{
    struct cell few[CELLS_ON_STACK];
    struct cell *many;
    HRESULT hr;

    if (table->columns->cValues <= CELLS_ON_STACK)
        return read_row(table, statement, id, few, out);
    many = malloc(table->columns->cValues * sizeof *many);
    if (many == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = read_row(table, statement, id, many, out);
    free(many);
    return hr;
}
