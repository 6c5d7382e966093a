/* One row of a contents table as a restriction sees it (declared in contents.h). */
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/body.h"
#include "store/contents.h"
#include "store/entryid.h"
#include "store/props_blob.h"

void row_view_begin(struct row_view *view, struct contents *table, const struct selection *selection)
{
    memset(view, 0, sizeof *view);
    view->table = table;
    view->selection = selection;
}

void row_view_end(struct row_view *view)
{
    size_t i;

    for (i = 0; i < sizeof view->heads / sizeof view->heads[0]; i++)
        MAPIFreeBuffer(view->heads[i]);
}

/* What made something look absent. What is damaged is absent: it must not hide the rows around it. */
static void note(struct row_view *view, HRESULT hr)
{
    if (FAILED(hr) && hr != MAPI_E_CORRUPT_DATA)
        view->hr = hr;
}

/* The next of the view's values, with an empty head for what it points to. */
static SPropValue *next_value(struct row_view *view, void **head)
{
    unsigned slot = view->next++ % 4;

    MAPIFreeBuffer(view->heads[slot]);
    view->heads[slot] = NULL;
    if (FAILED(MAPIAllocateBuffer(8, &view->heads[slot]))) {
        view->hr = MAPI_E_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    *head = view->heads[slot];
    return &view->values[slot];
}

/* A text of which the column may hold the beginning only; NULL where the column has it all. */
static const SPropValue *whole_text(struct row_view *view, const struct field *field, size_t size)
{
    const struct column *column = field->column;
    struct byte_buffer whole;
    SPropValue *out = NULL;
    void *head;
    HRESULT hr;

    if (!column_may_be_cut(size) || column_is_derived(column))
        return NULL;
    byte_buffer_init(&whole);
    hr = column_whole_text(view->table->store, sqlite3_column_int64(view->statement, 0), column->tag, &whole);
    if (SUCCEEDED(hr) && whole.size > 0) {
        out = next_value(view, &head);
        if (out != NULL) {
            out->ulPropTag = PROP_TAG(PT_STRING8, field->id);
            hr = MAPIAllocateMore((ULONG)whole.size, head, (void **)&out->Value.lpszA);
            if (SUCCEEDED(hr))
                memcpy(out->Value.lpszA, whole.bytes, whole.size);
        }
    }
    byte_buffer_free(&whole);
    note(view, hr);
    return SUCCEEDED(hr) ? out : NULL;
}

/* 8-bit text and UTF-16 compare the same: no need to convert. */
static const SPropValue *text_value(struct row_view *view, const struct field *field)
{
    union {
        const unsigned char *in;
        char *out;
    } cast = {sqlite3_column_text(view->statement, field->index)};
    const SPropValue *whole;
    SPropValue *out;

    if (cast.in == NULL) {
        view->hr = MAPI_E_NOT_ENOUGH_MEMORY;
        return NULL;
    }
    whole = whole_text(view, field, (size_t)sqlite3_column_bytes(view->statement, field->index));
    if (whole != NULL)
        return whole;
    out = &view->values[view->next++ % 4];
    out->ulPropTag = PROP_TAG(PT_STRING8, field->id);
    out->Value.lpszA = cast.out;
    return out;
}

static const SPropValue *binary_value(struct row_view *view, ULONG tag, const void *bytes, size_t size)
{
    void *head;
    SPropValue *out = next_value(view, &head);

    if (out != NULL && SUCCEEDED(value_binary(tag, bytes, size, head, out)))
        return out;
    view->hr = MAPI_E_NOT_ENOUGH_MEMORY;
    return NULL;
}

static const SPropValue *field_value(struct row_view *view, const struct field *field)
{
    sqlite3_stmt *statement = view->statement;
    unsigned char id[OBJECT_ENTRYID_SIZE];
    SPropValue *out;
    union {
        const void *in;
        void *out;
    } cast;

    if (sqlite3_column_type(statement, field->index) == SQLITE_NULL)
        return NULL;
    if (field->kind == COLUMN_TEXT)
        return text_value(view, field);
    out = &view->values[view->next++ % 4];
    switch (field->kind) {
    case COLUMN_LONG:
        value_long(PROP_TAG(PT_LONG, field->id), (ULONG)sqlite3_column_int64(statement, field->index), out);
        return out;
    case COLUMN_BOOLEAN:
        value_boolean(PROP_TAG(PT_BOOLEAN, field->id), sqlite3_column_int(statement, field->index) != 0, out);
        return out;
    case COLUMN_FOLDER:
        object_entryid_make(&view->table->store->uid, MAPI_FOLDER, sqlite3_column_int64(statement, field->index), id);
        return binary_value(view, PROP_TAG(PT_BINARY, field->id), id, sizeof id);
    case COLUMN_TIME:
        value_time(PROP_TAG(PT_SYSTIME, field->id), sqlite3_column_int64(statement, field->index), out);
        return sqlite3_column_int64(statement, field->index) == NO_TIME ? NULL : out;
    default:
        cast.in = sqlite3_column_blob(statement, field->index);
        out->ulPropTag = PROP_TAG(PT_BINARY, field->id);
        out->Value.bin.cb = (ULONG)sqlite3_column_bytes(statement, field->index);
        out->Value.bin.lpb = cast.out;
        return out;
    }
}

/* A large value is read whole: text is searched to its end. */
static HRESULT read_large(struct row_view *view, const struct blob_entry *entry, struct byte_buffer *bytes)
{
    struct place place = {CHUNKS_OF_MESSAGE, sqlite3_column_int64(view->statement, 0)};
    HRESULT hr = S_OK;
    int64_t seq;

    if (entry->external_size > LONGEST_SEARCHED)
        return fail(MAPI_E_TOO_BIG, "A property is too large for a restriction to look at.");
    for (seq = 0; SUCCEEDED(hr) && bytes->size < entry->external_size; seq++) {
        size_t before = bytes->size;

        hr = chunk_read(view->table->store, place, entry->tag, seq, bytes);
        if (SUCCEEDED(hr) && bytes->size == before)
            break;
    }
    return hr;
}

static const SPropValue *blob_value(struct row_view *view, ULONG tag)
{
    int index = view->selection->props_index;
    const unsigned char *props = view->selection->with_props ? sqlite3_column_blob(view->statement, index) : NULL;
    struct byte_buffer bytes;
    struct blob_entry entry;
    SPropValue *out;
    void *head;
    HRESULT hr = S_OK;

    if (props == NULL || !props_blob_find(props, (size_t)sqlite3_column_bytes(view->statement, index), tag, &entry))
        return NULL;
    out = next_value(view, &head);
    if (out == NULL)
        return NULL;
    byte_buffer_init(&bytes);
    if (entry.external)
        hr = read_large(view, &entry, &bytes);
    if (SUCCEEDED(hr) && entry.external)
        hr = prop_value_from_payload(entry.tag, 0, bytes.bytes, bytes.size, head, out);
    else if (SUCCEEDED(hr))
        hr = prop_value_from_payload(entry.tag, 0, entry.bytes, entry.size, head, out);
    byte_buffer_free(&bytes);
    note(view, hr);
    return SUCCEEDED(hr) ? out : NULL;
}

static const SPropValue *row_property(void *self, ULONG tag)
{
    struct row_view *view = self;
    struct contents *table = view->table;
    const struct field *field = selection_find(view->selection, tag);
    int64_t id = sqlite3_column_int64(view->statement, 0);
    unsigned char key[OBJECT_ENTRYID_SIZE];
    SPropValue *out;

    if (field != NULL)
        return field_value(view, field);
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_INSTANCE_KEY):
        instance_key_make(id, key);
        return binary_value(view, CHANGE_PROP_TYPE(tag, PT_BINARY), key, INSTANCE_KEY_SIZE);
    case PROP_ID(PR_ENTRYID):
    case PROP_ID(PR_RECORD_KEY):
        object_entryid_make(&table->store->uid, MAPI_MESSAGE, id, key);
        return binary_value(view, CHANGE_PROP_TYPE(tag, PT_BINARY), key, OBJECT_ENTRYID_SIZE);
    case PROP_ID(PR_PARENT_ENTRYID):
        return binary_value(view, CHANGE_PROP_TYPE(tag, PT_BINARY), table->folder_id, sizeof table->folder_id);
    case PROP_ID(PR_STORE_ENTRYID):
        return binary_value(view, CHANGE_PROP_TYPE(tag, PT_BINARY), table->store->entryid, table->store->entryid_size);
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
        return binary_value(view, CHANGE_PROP_TYPE(tag, PT_BINARY), table->store->uid.ab, sizeof table->store->uid.ab);
    case PROP_ID(PR_OBJECT_TYPE):
    case PROP_ID(PR_ACCESS):
    case PROP_ID(PR_ACCESS_LEVEL):
    case PROP_ID(PR_ROW_TYPE):
    case PROP_ID(PR_DEPTH):
        out = &view->values[view->next++ % 4];
        value_long(CHANGE_PROP_TYPE(tag, PT_LONG), constant_number(table, tag), out);
        return out;
    default:
        return blob_value(view, tag);
    }
}

/* A recipient or attachment as a row of its own. */
struct bag_view {
    struct row_view *view; /* of the message */
    const struct prop_bag *props;
    SPropValue values[4];
    void *heads[4];
    unsigned next;
};

static const SPropValue *bag_property(void *self, ULONG tag)
{
    struct bag_view *view = self;
    SPropValue *out = &view->values[view->next % 4];
    void **head = &view->heads[view->next++ % 4];
    ULONG wanted = PROP_TAG(PT_UNSPECIFIED, PROP_ID(tag));
    const struct prop_entry *entry = prop_bag_find(view->props, tag);
    HRESULT hr;

    MAPIFreeBuffer(*head);
    *head = NULL;
    if (entry == NULL || entry->size > PROP_INLINE_LIMIT) /* kept elsewhere, too */
        return NULL;
    hr = MAPIAllocateBuffer(8, head);
    if (SUCCEEDED(hr))
        hr = prop_bag_get(view->props, wanted, MAPI_UNICODE, *head, out);
    note(view->view, hr);
    return SUCCEEDED(hr) ? out : NULL;
}

static bool bag_exists(void *self, ULONG tag)
{
    return prop_bag_find(((struct bag_view *)self)->props, tag) != NULL;
}

static bool test_bag(struct row_view *row, const struct prop_bag *props,
                     bool (*test)(void *context, const struct row_source *row), void *context)
{
    struct bag_view view;
    struct row_source source = {&view, bag_property, bag_exists, NULL, NULL};
    bool matches;
    size_t i;

    memset(&view, 0, sizeof view);
    view.view = row;
    view.props = props;
    matches = test(context, &source);
    for (i = 0; i < 4; i++)
        MAPIFreeBuffer(view.heads[i]);
    return matches;
}

static bool any_recipient(struct row_view *view, bool (*test)(void *context, const struct row_source *row),
                          void *context)
{
    struct body body;
    bool matches = false;
    size_t i;
    HRESULT hr;

    memset(&body, 0, sizeof body);
    hr = body_load_recipients(&body, view->table->store, sqlite3_column_int64(view->statement, 0));
    for (i = 0; i < body.recipients.count && !matches; i++)
        matches = test_bag(view, &body.recipients.items[i].props, test, context);
    note(view, hr);
    body_clear(&body);
    return matches;
}

static bool any_attachment(struct row_view *view, bool (*test)(void *context, const struct row_source *row),
                           void *context)
{
    struct store *store = view->table->store;
    sqlite3_stmt *statement;
    bool matches = false;
    int rc = SQLITE_OK;
    HRESULT hr =
        database_prepare(store->db, "SELECT props FROM attachment WHERE message = ?1 ORDER BY number", &statement);

    if (FAILED(hr)) {
        view->hr = hr;
        return false;
    }
    sqlite3_bind_int64(statement, 1, sqlite3_column_int64(view->statement, 0));
    while (!matches && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct prop_bag props;

        prop_bag_init(&props);
        hr = prop_bag_decode(&props, sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
        if (SUCCEEDED(hr))
            matches = test_bag(view, &props, test, context);
        note(view, hr);
        prop_bag_clear(&props);
    }
    note(view, database_error(store->db, rc, "The attachments could not be read"));
    database_done(statement);
    return matches;
}

static bool any_sub_row(void *self, ULONG sub_object, bool (*test)(void *context, const struct row_source *row),
                        void *context)
{
    if (PROP_ID(sub_object) == PROP_ID(PR_MESSAGE_RECIPIENTS))
        return any_recipient(self, test, context);
    if (PROP_ID(sub_object) == PROP_ID(PR_MESSAGE_ATTACHMENTS))
        return any_attachment(self, test, context);
    return false;
}

HRESULT row_view_matches(struct row_view *view, sqlite3_stmt *statement, const SRestriction *restriction, bool *matches)
{
    struct row_source source = {view, row_property, NULL, NULL, any_sub_row};

    *matches = true;
    if (restriction == NULL)
        return S_OK;
    view->statement = statement;
    view->hr = S_OK;
    *matches = restriction_matches(restriction, &source);
    return view->hr;
}
