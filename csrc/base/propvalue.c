/* base/propvalue.c - see base/propvalue.h. */
#include "base/propvalue.h"

#include <stdint.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/fold.h"

/* What a flat copy's pieces are aligned to; enough for every type that a value can point to. */
enum { PIECE = 8 };

static size_t in_pieces(size_t size)
{
    return (size + PIECE - 1) & ~(size_t)(PIECE - 1);
}

static size_t wide_length(const WCHAR *text)
{
    size_t length = 0;
    while (text[length] != 0)
        length++;
    return length;
}

/* An MV value, whatever its type: all the array structures of the union have a count and a pointer in the same
 * places. */
struct elements {
    ULONG count;
    const void *first;
    size_t width; /* of one element in memory */
};

static bool get_elements(const SPropValue *value, struct elements *out)
{
    const union PV *v = &value->Value;
    switch (PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_INSTANCE) {
    case PT_MV_I2:
        *out = (struct elements){v->MVi.cValues, v->MVi.lpi, sizeof *v->MVi.lpi};
        return true;
    case PT_MV_LONG:
        *out = (struct elements){v->MVl.cValues, v->MVl.lpl, sizeof *v->MVl.lpl};
        return true;
    case PT_MV_R4:
        *out = (struct elements){v->MVflt.cValues, v->MVflt.lpflt, sizeof *v->MVflt.lpflt};
        return true;
    case PT_MV_DOUBLE:
        *out = (struct elements){v->MVdbl.cValues, v->MVdbl.lpdbl, sizeof *v->MVdbl.lpdbl};
        return true;
    case PT_MV_CURRENCY:
        *out = (struct elements){v->MVcur.cValues, v->MVcur.lpcur, sizeof *v->MVcur.lpcur};
        return true;
    case PT_MV_APPTIME:
        *out = (struct elements){v->MVat.cValues, v->MVat.lpat, sizeof *v->MVat.lpat};
        return true;
    case PT_MV_SYSTIME:
        *out = (struct elements){v->MVft.cValues, v->MVft.lpft, sizeof *v->MVft.lpft};
        return true;
    case PT_MV_I8:
        *out = (struct elements){v->MVli.cValues, v->MVli.lpli, sizeof *v->MVli.lpli};
        return true;
    case PT_MV_CLSID:
        *out = (struct elements){v->MVguid.cValues, v->MVguid.lpguid, sizeof *v->MVguid.lpguid};
        return true;
    case PT_MV_STRING8:
        *out = (struct elements){v->MVszA.cValues, v->MVszA.lppszA, sizeof *v->MVszA.lppszA};
        return true;
    case PT_MV_UNICODE:
        *out = (struct elements){v->MVszW.cValues, v->MVszW.lppszW, sizeof *v->MVszW.lppszW};
        return true;
    case PT_MV_BINARY:
        *out = (struct elements){v->MVbin.cValues, v->MVbin.lpbin, sizeof *v->MVbin.lpbin};
        return true;
    default:
        return false;
    }
}

bool prop_value_element(const SPropValue *value, ULONG index, SPropValue *out)
{
    struct elements all;
    if (!get_elements(value, &all) || index >= all.count)
        return false;
    memset(out, 0, sizeof *out);
    out->ulPropTag = value->ulPropTag & ~(ULONG)MVI_FLAG;
    const unsigned char *at = (const unsigned char *)all.first + index * all.width;
    if (PROP_TYPE(out->ulPropTag) == PT_CLSID)
        out->Value.lpguid = value->Value.MVguid.lpguid + index;
    else
        memcpy(&out->Value, at, all.width);
    return true;
}

static HRESULT check_elements(const SPropValue *value, const struct elements *all)
{
    if (all->count == 0 || all->first == NULL)
        return MAPI_E_INVALID_PARAMETER;
    for (ULONG i = 0; i < all->count; i++) {
        SPropValue element;
        prop_value_element(value, i, &element);
        HRESULT hr = prop_value_check(&element);
        if (hr != S_OK)
            return hr;
    }
    return S_OK;
}

HRESULT prop_value_check(const SPropValue *value)
{
    struct elements all;
    if (get_elements(value, &all))
        return check_elements(value, &all);
    bool present = true;
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_NULL:
    case PT_I2:
    case PT_LONG:
    case PT_R4:
    case PT_DOUBLE:
    case PT_CURRENCY:
    case PT_APPTIME:
    case PT_ERROR:
    case PT_BOOLEAN:
    case PT_OBJECT:
    case PT_I8:
    case PT_SYSTIME:
        break;
    case PT_STRING8:
        present = value->Value.lpszA != NULL;
        break;
    case PT_UNICODE:
        present = value->Value.lpszW != NULL;
        break;
    case PT_CLSID:
        present = value->Value.lpguid != NULL;
        break;
    case PT_BINARY:
        present = value->Value.bin.lpb != NULL || value->Value.bin.cb == 0;
        break;
    default:
        return MAPI_E_INVALID_TYPE;
    }
    return present ? S_OK : MAPI_E_INVALID_PARAMETER;
}

/* What a value that is not MV points to, in bytes. */
static size_t pointed_size(const SPropValue *value)
{
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_STRING8:
        return strlen(value->Value.lpszA) + 1;
    case PT_UNICODE:
        return (wide_length(value->Value.lpszW) + 1) * sizeof(WCHAR);
    case PT_CLSID:
        return sizeof(GUID);
    case PT_BINARY:
        return value->Value.bin.cb;
    default:
        return 0;
    }
}

/* Whether an MV's elements point to something themselves. */
static bool elements_point(ULONG tag)
{
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MVI_FLAG;
    return type == PT_STRING8 || type == PT_UNICODE || type == PT_BINARY;
}

size_t prop_values_size(ULONG count, const SPropValue *values)
{
    uint64_t total = in_pieces((size_t)count * sizeof *values);
    for (ULONG i = 0; i < count; i++) {
        struct elements all;
        if (!get_elements(&values[i], &all)) {
            total += in_pieces(pointed_size(&values[i]));
            continue;
        }
        total += in_pieces(all.count * all.width);
        for (ULONG n = 0; elements_point(values[i].ulPropTag) && n < all.count; n++) {
            SPropValue element;
            prop_value_element(&values[i], n, &element);
            total += in_pieces(pointed_size(&element));
        }
    }
    return total <= 0xFFFFFFFFu ? (size_t)total : 0;
}

/* Copies `size` bytes to *at, which moves past them; returns where they are. */
static void *put(unsigned char **at, const void *bytes, size_t size)
{
    void *place = *at;
    if (size > 0)
        memcpy(place, bytes, size);
    *at += in_pieces(size);
    return place;
}

static void copy_pointed(SPropValue *value, unsigned char **at)
{
    union PV *v = &value->Value;
    size_t size = pointed_size(value);
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_STRING8:
        v->lpszA = put(at, v->lpszA, size);
        break;
    case PT_UNICODE:
        v->lpszW = put(at, v->lpszW, size);
        break;
    case PT_CLSID:
        v->lpguid = put(at, v->lpguid, size);
        break;
    case PT_BINARY:
        v->bin.lpb = put(at, v->bin.lpb, size);
        break;
    default:
        break;
    }
}

/* The array of an MV, and then what its elements point to; `value` is changed to point to the copies. */
static void copy_elements(SPropValue *value, const struct elements *all, unsigned char **at)
{
    union PV *v = &value->Value;
    void *copies = put(at, all->first, all->count * all->width);
    switch (PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_INSTANCE) {
    case PT_MV_I2:
        v->MVi.lpi = copies;
        break;
    case PT_MV_LONG:
        v->MVl.lpl = copies;
        break;
    case PT_MV_R4:
        v->MVflt.lpflt = copies;
        break;
    case PT_MV_DOUBLE:
        v->MVdbl.lpdbl = copies;
        break;
    case PT_MV_CURRENCY:
        v->MVcur.lpcur = copies;
        break;
    case PT_MV_APPTIME:
        v->MVat.lpat = copies;
        break;
    case PT_MV_SYSTIME:
        v->MVft.lpft = copies;
        break;
    case PT_MV_I8:
        v->MVli.lpli = copies;
        break;
    case PT_MV_CLSID:
        v->MVguid.lpguid = copies;
        break;
    case PT_MV_STRING8:
        v->MVszA.lppszA = copies;
        break;
    case PT_MV_UNICODE:
        v->MVszW.lppszW = copies;
        break;
    default:
        v->MVbin.lpbin = copies;
        break;
    }
    for (ULONG i = 0; elements_point(value->ulPropTag) && i < all->count; i++) {
        SPropValue element;
        prop_value_element(value, i, &element);
        copy_pointed(&element, at);
        memcpy((unsigned char *)copies + i * all->width, &element.Value, all->width);
    }
}

SPropValue *prop_values_copy(ULONG count, const SPropValue *values, void *memory)
{
    unsigned char *at = memory;
    SPropValue *copies = put(&at, values, (size_t)count * sizeof *values);
    for (ULONG i = 0; i < count; i++) {
        struct elements all;
        if (get_elements(&copies[i], &all))
            copy_elements(&copies[i], &all, &at);
        else
            copy_pointed(&copies[i], &at);
    }
    return copies;
}

HRESULT prop_values_duplicate(ULONG count, const SPropValue *values, SPropValue **out)
{
    *out = NULL;
    size_t size = prop_values_size(count, values);
    if (size == 0 && count > 0)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    void *memory;
    HRESULT hr = MAPIAllocateBuffer((ULONG)size, &memory);
    if (hr != S_OK)
        return hr;
    *out = prop_values_copy(count, values, memory);
    return S_OK;
}

static size_t single_data_size(const SPropValue *value)
{
    switch (PROP_TYPE(value->ulPropTag)) {
    case PT_I2:
    case PT_BOOLEAN:
        return 2;
    case PT_LONG:
    case PT_R4:
    case PT_ERROR:
        return 4;
    case PT_DOUBLE:
    case PT_CURRENCY:
    case PT_APPTIME:
    case PT_I8:
    case PT_SYSTIME:
        return 8;
    case PT_CLSID:
        return sizeof(GUID);
    case PT_STRING8:
        return strlen(value->Value.lpszA);
    case PT_UNICODE:
        return wide_length(value->Value.lpszW) * sizeof(WCHAR);
    case PT_BINARY:
        return value->Value.bin.cb;
    default:
        return 0;
    }
}

size_t prop_value_data_size(const SPropValue *value)
{
    struct elements all;
    if (!get_elements(value, &all))
        return single_data_size(value);
    if (!elements_point(value->ulPropTag))
        return all.count * all.width;
    size_t total = 0;
    for (ULONG i = 0; i < all.count; i++) {
        SPropValue element;
        prop_value_element(value, i, &element);
        total += single_data_size(&element);
    }
    return total;
}
