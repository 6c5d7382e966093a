/* base/list_row.c - see base/list_row.h. */
#include "base/list_row.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "base/propcodec.h"
#include "base/propvalue.h"
#include "base/restriction.h"

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the table.");
}

static bool is_announced(const SPropValue *value)
{
    return PROP_TYPE(value->ulPropTag) == PT_ERROR && value->Value.err == MAPI_E_NOT_ENOUGH_MEMORY;
}

/* The row's entry with the tag's id, be it an error. */
static const SPropValue *find_entry(const struct list_row *row, ULONG tag)
{
    for (ULONG i = 0; i < row->count; i++) {
        SPropValue *value = &row->values[i];
        if (PROP_ID(value->ulPropTag) != PROP_ID(tag))
            continue;
        if (row->fetch != NULL && is_announced(value))
            row->fetch(row->context, value);
        return value;
    }
    return NULL;
}

const SPropValue *list_row_find(const struct list_row *row, ULONG tag)
{
    const SPropValue *value = find_entry(row, tag);
    return value != NULL && PROP_TYPE(value->ulPropTag) != PT_ERROR ? value : NULL;
}

static const SPropValue *row_property(void *self, ULONG tag)
{
    return list_row_find(self, tag);
}

bool list_row_matches(const struct list_row *row, const SRestriction *restriction)
{
    const struct row_source source = {.self = (void *)(uintptr_t)row, .property = row_property};
    return restriction_matches(restriction, &source);
}

/* ---- reading ---- */

/* Whether the two tags differ in nothing but the width of their strings. */
static bool differs_in_width(ULONG stored, ULONG wanted)
{
    return PROP_TYPE(stored) != PROP_TYPE(wanted) && prop_stored_tag(stored) == prop_stored_tag(wanted);
}

static void set_absent(SPropValue *out, ULONG tag)
{
    memset(out, 0, sizeof *out);
    if (PROP_TYPE(tag) == PT_NULL) {
        out->ulPropTag = tag;
        return;
    }
    out->ulPropTag = PROP_TAG(PT_ERROR, PROP_ID(tag));
    out->Value.err = MAPI_E_NOT_FOUND;
}

/* What each column shows of the row, pointing into the row. True when a string has to be converted to another
 * width. */
static bool select_columns(const struct list_row *row, const SPropTagArray *columns, SPropValue *out)
{
    bool convert = false;
    for (ULONG i = 0; i < columns->cValues; i++) {
        ULONG wanted = columns->aulPropTag[i];
        const SPropValue *value = PROP_TYPE(wanted) == PT_NULL ? NULL : find_entry(row, wanted);
        if (value != NULL &&
            (PROP_TYPE(wanted) == PT_UNSPECIFIED || is_announced(value) || value->ulPropTag == wanted)) {
            out[i] = *value;
        } else if (value != NULL && differs_in_width(value->ulPropTag, wanted)) {
            out[i] = *value;
            convert = true;
        } else {
            set_absent(&out[i], wanted);
        }
    }
    return convert;
}

/* Gives a string the width of its column, by way of its stored form. */
static HRESULT convert_width(SPropValue *value, ULONG wanted, void *head)
{
    struct byte_buffer payload;
    byte_buffer_init(&payload);
    HRESULT hr = prop_payload_from_value(value, &payload);
    if (hr == S_OK)
        hr = prop_value_from_payload(wanted, 0, payload.bytes, payload.size, head, value);
    byte_buffer_free(&payload);
    return hr;
}

static HRESULT convert_columns(const SPropTagArray *columns, SPropValue *values)
{
    for (ULONG i = 0; i < columns->cValues; i++) {
        if (!differs_in_width(values[i].ulPropTag, columns->aulPropTag[i]) ||
            PROP_TYPE(columns->aulPropTag[i]) == PT_UNSPECIFIED || PROP_TYPE(values[i].ulPropTag) == PT_ERROR)
            continue;
        HRESULT hr = convert_width(&values[i], columns->aulPropTag[i], values);
        if (hr == MAPI_E_NOT_ENOUGH_MEMORY)
            return hr;
        if (hr != S_OK) {
            set_absent(&values[i], columns->aulPropTag[i]);
            values[i].Value.err = MAPI_E_BAD_CHARWIDTH;
        }
    }
    return S_OK;
}

HRESULT list_row_read(const struct list_row *row, const SPropTagArray *columns, SPropValue **out)
{
    enum { ON_STACK = 32 };
    SPropValue few[ON_STACK] = {{0}};
    *out = NULL;
    SPropValue *selected = columns->cValues <= ON_STACK ? few : malloc((size_t)columns->cValues * sizeof *selected);
    if (selected == NULL)
        return no_memory();
    bool convert = select_columns(row, columns, selected);
    HRESULT hr = prop_values_duplicate(columns->cValues, selected, out);
    if (selected != few)
        free(selected);
    if (hr == S_OK && convert)
        hr = convert_columns(columns, *out);
    if (hr != S_OK) {
        MAPIFreeBuffer(*out);
        *out = NULL;
    }
    return hr;
}
