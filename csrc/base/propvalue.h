/* base/propvalue.h - SPropValue arrays in memory: checking, measuring, copying, comparing. */
#ifndef BASE_PROPVALUE_H
#define BASE_PROPVALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <mapidefs.h>

/* Whether everything a value points to is there: MAPI_E_INVALID_PARAMETER for a NULL string, binary (of more than 0
 * bytes), CLSID or array, and for an MV without elements; MAPI_E_INVALID_TYPE for a type that no SPropValue can
 * carry; else S_OK. */
HRESULT prop_value_check(const SPropValue *value);

/* Bytes that a flat copy of the values takes: the array, then whatever it points to. 0 when it would not fit in a
 * ULONG. The values must have passed prop_value_check. */
size_t prop_values_size(ULONG count, const SPropValue *values);

/* Copies the values into `memory`, which must be aligned for a pointer and prop_values_size long; returns the new
 * array, which is at memory's beginning. */
SPropValue *prop_values_copy(ULONG count, const SPropValue *values, void *memory);

/* As above into one block of MAPIAllocateBuffer. count 0 gives a block too. */
HRESULT prop_values_duplicate(ULONG count, const SPropValue *values, SPropValue **out);

/* Element `index` of an MV value as a single value, which points into it; false when there is no such element. */
bool prop_value_element(const SPropValue *value, ULONG index, SPropValue *out);

/* The size that a SIZE restriction and PR_MESSAGE_SIZE mean: fixed types their width, strings without their NUL,
 * 8-bit strings counted as what they are and 16-bit strings two bytes a unit, MV the sum. */
size_t prop_value_data_size(const SPropValue *value);

enum prop_compare_flags {
    PROP_COMPARE_IGNORE_CASE = 1 /* strings: letters that differ in case only are the same */
};

/* Compares two values of the same type (8-bit and 16-bit strings count as the same): true with *order negative,
 * zero or positive; false when their types cannot be compared. MV values are ordered element by element. */
bool prop_value_compare(const SPropValue *left, const SPropValue *right, unsigned flags, int *order);

#endif
