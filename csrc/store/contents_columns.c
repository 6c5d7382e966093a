/* Which columns a contents table shows and where they come from (declared in contents.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/propcodec.h"
#include "store/contents.h"

const struct field *selection_find(const struct selection *selection, ULONG tag)
{
    int i;

    for (i = 0; i < selection->field_count; i++)
        if (selection->fields[i].id == PROP_ID(tag))
            return &selection->fields[i];
    return NULL;
}

/* Of rows from several folders. pidtagparentdisplay-canonical-property.md: the name is a matter of the tables of search
 * folders, and no property of a message; so a search does not look at it. */
static const struct column parent = {PR_PARENT_ENTRYID, COLUMN_FOLDER, "message.folder"};
static const struct column parent_display = {PR_PARENT_DISPLAY_W, COLUMN_TEXT,
                                             "(SELECT name FROM folder WHERE folder.id = message.folder)"};

const struct column *contents_column(const struct contents *table, ULONG tag)
{
    if (table->source != OF_FOLDER && PROP_ID(tag) == PROP_ID(PR_PARENT_ENTRYID))
        return &parent;
    if (table->source == OF_SEARCH && PROP_ID(tag) == PROP_ID(PR_PARENT_DISPLAY_W))
        return &parent_display;
    return column_find(tag);
}

static bool is_from_id(ULONG tag)
{
    return PROP_ID(tag) == PROP_ID(PR_ENTRYID) || PROP_ID(tag) == PROP_ID(PR_RECORD_KEY) ||
           PROP_ID(tag) == PROP_ID(PR_INSTANCE_KEY);
}

static bool is_constant(ULONG tag)
{
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_STORE_ENTRYID):
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
    case PROP_ID(PR_PARENT_ENTRYID):
    case PROP_ID(PR_OBJECT_TYPE):
    case PROP_ID(PR_ACCESS):
    case PROP_ID(PR_ACCESS_LEVEL):
    case PROP_ID(PR_ROW_TYPE):
    case PROP_ID(PR_DEPTH):
        return true;
    default:
        return false;
    }
}

/* Adds whatever has to be selected for a property. There are fewer columns than FIELDS_MAX. */
void selection_add(struct selection *selection, const struct contents *table, ULONG tag)
{
    const struct column *column = contents_column(table, tag);

    if (PROP_ID(tag) == PROP_ID(PR_NULL) || is_from_id(tag) || (is_constant(tag) && column == NULL) ||
        selection_find(selection, tag) != NULL)
        return;
    if (column == NULL) {
        selection->with_props = true;
    } else if (selection->field_count < FIELDS_MAX) {
        struct field *field = &selection->fields[selection->field_count];

        field->id = PROP_ID(tag);
        field->column = column;
        field->kind = column->kind;
        field->index = column->tag == PR_MESSAGE_DELIVERY_TIME ? 1 : 2 + selection->own_count++;
        selection->field_count++;
    }
}

/* The properties a restriction looks at. Its depth has been checked. */
static void add_tags(struct selection *selection, const struct contents *table, const SRestriction *restriction)
{
    ULONG i;

    switch (restriction->rt) {
    case RES_AND:
    case RES_OR:
        for (i = 0; i < restriction->res.resAnd.cRes; i++)
            add_tags(selection, table, &restriction->res.resAnd.lpRes[i]);
        break;
    case RES_NOT:
        add_tags(selection, table, restriction->res.resNot.lpRes);
        break;
    case RES_CONTENT:
        selection_add(selection, table, restriction->res.resContent.ulPropTag);
        break;
    case RES_PROPERTY:
        selection_add(selection, table, restriction->res.resProperty.ulPropTag);
        break;
    case RES_COMPAREPROPS:
        selection_add(selection, table, restriction->res.resCompareProps.ulPropTag1);
        selection_add(selection, table, restriction->res.resCompareProps.ulPropTag2);
        break;
    case RES_BITMASK:
        selection_add(selection, table, restriction->res.resBitMask.ulPropTag);
        break;
    case RES_SIZE:
        selection_add(selection, table, restriction->res.resSize.ulPropTag);
        break;
    case RES_EXIST:
        selection_add(selection, table, restriction->res.resExist.ulPropTag);
        break;
    case RES_COMMENT:
    case RES_ANNOTATION:
        if (restriction->res.resComment.lpRes != NULL)
            add_tags(selection, table, restriction->res.resComment.lpRes);
        break;
    default: /* sub-restrictions look at other tables */
        break;
    }
}

void selection_add_restriction(struct selection *selection, const struct contents *table,
                               const SRestriction *restriction)
{
    if (restriction != NULL)
        add_tags(selection, table, restriction);
    selection->props_index = 2 + selection->own_count;
}

void selection_add_own(struct selection *selection, const struct contents *table)
{
    selection_add_restriction(selection, table, table->filter.exact ? NULL : table->restriction);
}

HRESULT selection_sql(const struct selection *selection, struct byte_buffer *sql)
{
    static const char head[] = "SELECT id, delivery_time";
    static const char tail[] = ", props";
    HRESULT hr = byte_buffer_append(sql, head, sizeof head - 1);
    int i;

    for (i = 0; i < selection->field_count && SUCCEEDED(hr); i++) {
        const char *expression = selection->fields[i].column->sql;

        if (selection->fields[i].index < 2)
            continue;
        hr = byte_buffer_append(sql, ", ", 2);
        if (SUCCEEDED(hr))
            hr = byte_buffer_append(sql, expression, strlen(expression));
    }
    if (SUCCEEDED(hr) && selection->with_props)
        hr = byte_buffer_append(sql, tail, sizeof tail - 1);
    return hr;
}

static void output_bytes(struct output *output, const void *bytes, size_t size)
{
    output->source = SOURCE_BYTES;
    output->bytes = bytes;
    output->size = size;
}

ULONG constant_number(const struct contents *table, ULONG tag)
{
    bool writable = table->store->writable;

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_OBJECT_TYPE):
        return MAPI_MESSAGE;
    case PROP_ID(PR_ACCESS):
        return writable ? MAPI_ACCESS_MODIFY | MAPI_ACCESS_READ | MAPI_ACCESS_DELETE : MAPI_ACCESS_READ;
    case PROP_ID(PR_ACCESS_LEVEL):
        return writable ? MAPI_MODIFY : 0;
    case PROP_ID(PR_ROW_TYPE):
        return TBL_LEAF_ROW;
    case PROP_ID(PR_DEPTH):
        return contents_levels(table);
    default:
        return 0;
    }
}

static void output_constant(const struct contents *table, struct output *output)
{
    const struct store *store = table->store;

    switch (PROP_ID(output->tag)) {
    case PROP_ID(PR_STORE_ENTRYID):
        output_bytes(output, store->entryid, store->entryid_size);
        break;
    case PROP_ID(PR_STORE_RECORD_KEY):
    case PROP_ID(PR_MAPPING_SIGNATURE):
        output_bytes(output, store->uid.ab, sizeof store->uid.ab);
        break;
    case PROP_ID(PR_PARENT_ENTRYID):
        output_bytes(output, table->folder_id, sizeof table->folder_id);
        break;
    default:
        output->source = SOURCE_LONG;
        output->number = constant_number(table, output->tag);
        break;
    }
}

/* The type that a source gives. */
static ULONG natural_type(const struct output *output)
{
    static const ULONG types[] = {PT_LONG, PT_BOOLEAN, PT_SYSTIME, PT_UNICODE, PT_BINARY, PT_BINARY};

    switch (output->source) {
    case SOURCE_LONG:
        return PT_LONG;
    case SOURCE_BYTES:
    case SOURCE_ENTRYID:
    case SOURCE_INSTANCE_KEY:
        return PT_BINARY;
    default:
        return types[output->field->kind];
    }
}

static void resolve(const struct contents *table, struct output *output)
{
    ULONG type = PROP_TYPE(output->tag);

    output->field = selection_find(&table->selection, output->tag);
    if (type == PT_NULL) {
        output->source = SOURCE_NULL;
        return;
    }
    if (PROP_ID(output->tag) == PROP_ID(PR_INSTANCE_KEY))
        output->source = SOURCE_INSTANCE_KEY;
    else if (is_from_id(output->tag))
        output->source = SOURCE_ENTRYID;
    else if (output->field != NULL)
        output->source = SOURCE_FIELD;
    else if (is_constant(output->tag))
        output_constant(table, output);
    else
        output->source = SOURCE_PROPS;
    if (output->source == SOURCE_PROPS)
        return;
    if (type == PT_UNSPECIFIED)
        output->tag = CHANGE_PROP_TYPE(output->tag, natural_type(output));
    else if (prop_stored_tag(output->tag) != CHANGE_PROP_TYPE(output->tag, natural_type(output)))
        output->source = SOURCE_ABSENT;
}

void contents_select(struct contents *table)
{
    ULONG i;

    memset(&table->selection, 0, sizeof table->selection);
    for (i = 0; i < table->columns->cValues; i++)
        selection_add(&table->selection, table, table->columns->aulPropTag[i]);
    selection_add_own(&table->selection, table);
    for (i = 0; i < table->columns->cValues; i++) {
        memset(&table->outputs[i], 0, sizeof table->outputs[i]);
        table->outputs[i].tag = table->columns->aulPropTag[i];
        resolve(table, &table->outputs[i]);
    }
    contents_drop_ahead(table);
}

HRESULT contents_set_columns(struct contents *table, const SPropTagArray *tags)
{
    LPSPropTagArray columns = malloc(CbNewSPropTagArray(tags->cValues));
    struct output *outputs = malloc(tags->cValues * sizeof *outputs);

    if (columns == NULL || outputs == NULL) {
        free(columns);
        free(outputs);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    memcpy(columns, tags, CbNewSPropTagArray(tags->cValues));
    free(table->columns);
    free(table->outputs);
    table->columns = columns;
    table->outputs = outputs;
    contents_select(table);
    return S_OK;
}
