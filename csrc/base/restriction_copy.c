/* base/restriction_copy.c - restriction_copy and restriction_keep of base/restriction.h.
 *
 * A copy is one block: the tree is measured first, then laid out in the same order. The size that is measured is an
 * upper bound that both passes agree on, because they visit the same pieces.
 */
#include "base/restriction.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propvalue.h"

enum { PIECE = 8 };

static uint64_t in_pieces(uint64_t size)
{
    return (size + PIECE - 1) & ~(uint64_t)(PIECE - 1);
}

/* Where a restriction keeps the restrictions below it. */
struct below {
    ULONG count;
    SRestriction **list;
};

static struct below below_of(SRestriction *res)
{
    switch (res->rt) {
    case RES_AND:
        return (struct below){res->res.resAnd.cRes, &res->res.resAnd.lpRes};
    case RES_OR:
        return (struct below){res->res.resOr.cRes, &res->res.resOr.lpRes};
    case RES_NOT:
        return (struct below){1, &res->res.resNot.lpRes};
    case RES_SUBRESTRICTION:
        return (struct below){1, &res->res.resSub.lpRes};
    case RES_COMMENT:
    case RES_ANNOTATION:
        return (struct below){res->res.resComment.lpRes != NULL, &res->res.resComment.lpRes};
    default:
        return (struct below){0, NULL};
    }
}

/* Where a restriction keeps property values. */
struct values {
    ULONG count;
    SPropValue **first;
};

static struct values values_of(SRestriction *res)
{
    switch (res->rt) {
    case RES_CONTENT:
        return (struct values){1, &res->res.resContent.lpProp};
    case RES_PROPERTY:
        return (struct values){1, &res->res.resProperty.lpProp};
    case RES_COMMENT:
    case RES_ANNOTATION:
        return (struct values){res->res.resComment.cValues, &res->res.resComment.lpProp};
    default:
        return (struct values){0, NULL};
    }
}

/* What a restriction needs besides its own structure; more than 4 GB when values are too large to measure. */
static uint64_t size_below(const SRestriction *restriction)
{
    SRestriction res = *restriction;
    uint64_t total = 0;
    struct values values = values_of(&res);
    if (values.count > 0) {
        size_t size = prop_values_size(values.count, *values.first);
        total += size > 0 ? in_pieces(size) : UINT64_C(1) << 32;
    }
    struct below below = below_of(&res);
    total += in_pieces((uint64_t)below.count * sizeof res);
    for (ULONG i = 0; i < below.count; i++)
        total += size_below(&(*below.list)[i]);
    return total;
}

/* Replaces what res points to by copies placed at *at. */
static void copy_below(SRestriction *res, unsigned char **at)
{
    struct values values = values_of(res);
    if (values.count > 0) {
        size_t size = prop_values_size(values.count, *values.first);
        *values.first = prop_values_copy(values.count, *values.first, *at);
        *at += in_pieces(size);
    }
    struct below below = below_of(res);
    if (below.count == 0)
        return;
    SRestriction *list = (SRestriction *)(void *)*at;
    memcpy(list, *below.list, (size_t)below.count * sizeof *list);
    *below.list = list;
    *at += in_pieces((uint64_t)below.count * sizeof *list);
    for (ULONG i = 0; i < below.count; i++)
        copy_below(&list[i], at);
}

/* Checks and measures; *size is 0 for no restriction. */
static HRESULT measure(const SRestriction *restriction, size_t *size)
{
    *size = 0;
    HRESULT hr = restriction_check(restriction);
    if (hr != S_OK || restriction == NULL)
        return hr;
    uint64_t total = in_pieces(sizeof *restriction) + size_below(restriction);
    if (total > 0xFFFFFFFFu)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "The restriction is too large.");
    *size = (size_t)total;
    return S_OK;
}

static SRestriction *lay_out(const SRestriction *restriction, void *memory)
{
    SRestriction *copy = memory;
    *copy = *restriction;
    unsigned char *at = (unsigned char *)memory + in_pieces(sizeof *copy);
    copy_below(copy, &at);
    return copy;
}

HRESULT restriction_copy(const SRestriction *restriction, SRestriction **out)
{
    *out = NULL;
    size_t size;
    void *memory = NULL;
    HRESULT hr = measure(restriction, &size);
    if (hr == S_OK && size > 0)
        hr = MAPIAllocateBuffer((ULONG)size, &memory);
    if (hr == S_OK && memory != NULL)
        *out = lay_out(restriction, memory);
    return hr;
}

HRESULT restriction_keep(const SRestriction *restriction, SRestriction **out)
{
    *out = NULL;
    size_t size;
    HRESULT hr = measure(restriction, &size);
    if (hr != S_OK || size == 0)
        return hr;
    void *memory = malloc(size);
    if (memory == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the restriction.");
    *out = lay_out(restriction, memory);
    return S_OK;
}
