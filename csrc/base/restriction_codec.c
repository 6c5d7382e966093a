#include "base/restriction_codec.h"

#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "base/restriction.h"

enum { VERSION = 1 };

/* ---- encoding. The restriction has been checked, and with it its depth. ---- */

static HRESULT put_numbers(struct byte_buffer *out, size_t count, const ULONG *numbers)
{
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = byte_buffer_append_u32(out, numbers[i]);
    return hr;
}

static HRESULT put_value(struct byte_buffer *out, const SPropValue *value)
{
    size_t at;
    HRESULT hr = byte_buffer_append_u32(out, prop_stored_tag(value->ulPropTag));

    if (SUCCEEDED(hr))
        hr = byte_buffer_append_u32(out, 0);
    if (FAILED(hr))
        return hr;
    at = out->size;
    hr = prop_payload_from_value(value, out);
    if (hr == MAPI_E_INVALID_TYPE)
        return fail(MAPI_E_TOO_COMPLEX, "A restriction compares with a value of a type that cannot be kept.");
    if (SUCCEEDED(hr))
        bytes_put_u32(out->bytes + at - 4, (uint32_t)(out->size - at));
    return hr;
}

static HRESULT put_node(struct byte_buffer *out, const SRestriction *node);

static HRESULT put_nodes(struct byte_buffer *out, ULONG count, const SRestriction *nodes)
{
    HRESULT hr = S_OK;
    ULONG i;

    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = put_node(out, &nodes[i]);
    return hr;
}

static HRESULT put_comment(struct byte_buffer *out, const SCommentRestriction *comment)
{
    HRESULT hr = byte_buffer_append_u32(out, comment->cValues);
    ULONG i;

    for (i = 0; i < comment->cValues && SUCCEEDED(hr); i++)
        hr = put_value(out, &comment->lpProp[i]);
    if (SUCCEEDED(hr))
        hr = byte_buffer_append_u8(out, comment->lpRes != NULL);
    return SUCCEEDED(hr) ? put_nodes(out, comment->lpRes != NULL, comment->lpRes) : hr;
}

static HRESULT put_comparison(struct byte_buffer *out, ULONG how, ULONG tag, const SPropValue *value)
{
    const ULONG numbers[] = {how, tag};
    HRESULT hr = put_numbers(out, 2, numbers);

    return SUCCEEDED(hr) ? put_value(out, value) : hr;
}

static HRESULT put_content(struct byte_buffer *out, const SRestriction *node)
{
    ULONG numbers[3];
    HRESULT hr;

    switch (node->rt) {
    case RES_AND:
    case RES_OR:
        hr = byte_buffer_append_u32(out, node->res.resAnd.cRes);
        return SUCCEEDED(hr) ? put_nodes(out, node->res.resAnd.cRes, node->res.resAnd.lpRes) : hr;
    case RES_NOT:
        return put_node(out, node->res.resNot.lpRes);
    case RES_CONTENT:
        return put_comparison(out, node->res.resContent.ulFuzzyLevel, node->res.resContent.ulPropTag,
                              node->res.resContent.lpProp);
    case RES_PROPERTY:
        return put_comparison(out, node->res.resProperty.relop, node->res.resProperty.ulPropTag,
                              node->res.resProperty.lpProp);
    case RES_COMPAREPROPS:
        numbers[0] = node->res.resCompareProps.relop;
        numbers[1] = node->res.resCompareProps.ulPropTag1;
        numbers[2] = node->res.resCompareProps.ulPropTag2;
        return put_numbers(out, 3, numbers);
    case RES_BITMASK:
        numbers[0] = node->res.resBitMask.relBMR;
        numbers[1] = node->res.resBitMask.ulPropTag;
        numbers[2] = node->res.resBitMask.ulMask;
        return put_numbers(out, 3, numbers);
    case RES_SIZE:
        numbers[0] = node->res.resSize.relop;
        numbers[1] = node->res.resSize.ulPropTag;
        numbers[2] = node->res.resSize.cb;
        return put_numbers(out, 3, numbers);
    case RES_EXIST:
        return byte_buffer_append_u32(out, node->res.resExist.ulPropTag);
    case RES_SUBRESTRICTION:
        hr = byte_buffer_append_u32(out, node->res.resSub.ulSubObject);
        return SUCCEEDED(hr) ? put_node(out, node->res.resSub.lpRes) : hr;
    default: /* RES_COMMENT, RES_ANNOTATION: restriction_check lets no other pass */
        return put_comment(out, &node->res.resComment);
    }
}

static HRESULT put_node(struct byte_buffer *out, const SRestriction *node)
{
    HRESULT hr = byte_buffer_append_u8(out, (uint8_t)node->rt);

    return SUCCEEDED(hr) ? put_content(out, node) : hr;
}

HRESULT restriction_encode(const SRestriction *restriction, struct byte_buffer *out)
{
    size_t before = out->size;
    HRESULT hr = restriction == NULL ? MAPI_E_INVALID_PARAMETER : restriction_check(restriction);

    if (SUCCEEDED(hr))
        hr = byte_buffer_append_u8(out, VERSION);
    if (SUCCEEDED(hr))
        hr = put_node(out, restriction);
    if (FAILED(hr))
        out->size = before;
    return hr;
}

/* ---- decoding ---- */

struct reader {
    const unsigned char *at;
    size_t left;
    ULONG flags;
    void *head; /* what everything is allocated on */
    unsigned depth;
};

static HRESULT damaged(void)
{
    return fail(MAPI_E_CORRUPT_DATA, "A stored restriction is damaged.");
}

static HRESULT get_u8(struct reader *from, ULONG *out)
{
    if (from->left < 1)
        return damaged();
    *out = from->at[0];
    from->at++;
    from->left--;
    return S_OK;
}

static HRESULT get_number(struct reader *from, ULONG *out)
{
    if (from->left < 4)
        return damaged();
    *out = bytes_get_u32(from->at);
    from->at += 4;
    from->left -= 4;
    return S_OK;
}

/* In the width of text that the caller has asked for. */
static ULONG in_width(ULONG tag, ULONG flags)
{
    ULONG type = PROP_TYPE(tag) & ~(ULONG)MVI_FLAG;

    if (type != PT_UNICODE && type != PT_STRING8)
        return tag;
    return CHANGE_PROP_TYPE(tag, ((flags & MAPI_UNICODE) != 0 ? PT_UNICODE : PT_STRING8) | (PROP_TYPE(tag) & MVI_FLAG));
}

static HRESULT get_tag(struct reader *from, ULONG *out)
{
    HRESULT hr = get_number(from, out);

    if (SUCCEEDED(hr))
        *out = in_width(*out, from->flags);
    return hr;
}

/* Memory for things of which each takes at least one byte of what is left to be read. */
static HRESULT get_room(struct reader *from, ULONG count, size_t size, void **out)
{
    *out = NULL;
    if (count > from->left)
        return damaged();
    if (count > UINT32_MAX / size)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    return count == 0 ? S_OK : MAPIAllocateMore((ULONG)(count * size), from->head, out);
}

static HRESULT get_value(struct reader *from, SPropValue *out)
{
    ULONG tag = 0;
    ULONG size = 0;
    HRESULT hr = get_tag(from, &tag);

    if (SUCCEEDED(hr))
        hr = get_number(from, &size);
    if (FAILED(hr))
        return hr;
    if (size > from->left)
        return damaged();
    memset(out, 0, sizeof *out);
    hr = prop_value_from_payload(tag, from->flags, from->at, size, from->head, out);
    from->at += size;
    from->left -= size;
    return hr == MAPI_E_INVALID_TYPE ? damaged() : hr;
}

static HRESULT get_values(struct reader *from, ULONG count, LPSPropValue *out)
{
    void *room;
    HRESULT hr = get_room(from, count, sizeof **out, &room);
    ULONG i;

    *out = room;
    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = get_value(from, &(*out)[i]);
    return hr;
}

static HRESULT get_node(struct reader *from, SRestriction *out);

static HRESULT get_nodes(struct reader *from, ULONG count, LPSRestriction *out)
{
    void *room;
    HRESULT hr = get_room(from, count, sizeof **out, &room);
    ULONG i;

    *out = room;
    for (i = 0; i < count && SUCCEEDED(hr); i++)
        hr = get_node(from, &(*out)[i]);
    return hr;
}

static HRESULT get_list(struct reader *from, SAndRestriction *out)
{
    HRESULT hr = get_number(from, &out->cRes);

    return SUCCEEDED(hr) ? get_nodes(from, out->cRes, &out->lpRes) : hr;
}

static HRESULT get_comment(struct reader *from, SCommentRestriction *out)
{
    ULONG follows = 0;
    HRESULT hr = get_number(from, &out->cValues);

    if (SUCCEEDED(hr))
        hr = get_values(from, out->cValues, &out->lpProp);
    if (SUCCEEDED(hr))
        hr = get_u8(from, &follows);
    if (SUCCEEDED(hr) && follows > 1)
        hr = damaged();
    return SUCCEEDED(hr) ? get_nodes(from, follows, &out->lpRes) : hr;
}

static HRESULT get_comparison(struct reader *from, ULONG *how, ULONG *tag, LPSPropValue *value)
{
    HRESULT hr = get_number(from, how);

    if (SUCCEEDED(hr))
        hr = get_tag(from, tag);
    return SUCCEEDED(hr) ? get_values(from, 1, value) : hr;
}

/* A relation, a tag, and a number or another tag. */
static HRESULT get_relation(struct reader *from, ULONG *how, ULONG *tag, ULONG *number)
{
    HRESULT hr = get_number(from, how);

    if (SUCCEEDED(hr))
        hr = get_tag(from, tag);
    return SUCCEEDED(hr) ? get_number(from, number) : hr;
}

static HRESULT get_compared(struct reader *from, SComparePropsRestriction *out)
{
    HRESULT hr = get_relation(from, &out->relop, &out->ulPropTag1, &out->ulPropTag2);

    if (SUCCEEDED(hr))
        out->ulPropTag2 = in_width(out->ulPropTag2, from->flags);
    return hr;
}

static HRESULT get_content(struct reader *from, SRestriction *out)
{
    HRESULT hr;

    switch (out->rt) {
    case RES_AND:
    case RES_OR:
        return get_list(from, &out->res.resAnd);
    case RES_NOT:
        return get_nodes(from, 1, &out->res.resNot.lpRes);
    case RES_CONTENT:
        return get_comparison(from, &out->res.resContent.ulFuzzyLevel, &out->res.resContent.ulPropTag,
                              &out->res.resContent.lpProp);
    case RES_PROPERTY:
        return get_comparison(from, &out->res.resProperty.relop, &out->res.resProperty.ulPropTag,
                              &out->res.resProperty.lpProp);
    case RES_COMPAREPROPS:
        return get_compared(from, &out->res.resCompareProps);
    case RES_BITMASK:
        return get_relation(from, &out->res.resBitMask.relBMR, &out->res.resBitMask.ulPropTag,
                            &out->res.resBitMask.ulMask);
    case RES_SIZE:
        return get_relation(from, &out->res.resSize.relop, &out->res.resSize.ulPropTag, &out->res.resSize.cb);
    case RES_EXIST:
        return get_tag(from, &out->res.resExist.ulPropTag);
    case RES_SUBRESTRICTION:
        hr = get_number(from, &out->res.resSub.ulSubObject);
        return SUCCEEDED(hr) ? get_nodes(from, 1, &out->res.resSub.lpRes) : hr;
    case RES_COMMENT:
    case RES_ANNOTATION:
        return get_comment(from, &out->res.resComment);
    default:
        return damaged();
    }
}

static HRESULT get_node(struct reader *from, SRestriction *out)
{
    HRESULT hr;

    memset(out, 0, sizeof *out);
    if (++from->depth > RESTRICTION_DEPTH + 1)
        return damaged();
    hr = get_u8(from, &out->rt);
    if (SUCCEEDED(hr))
        hr = get_content(from, out);
    from->depth--;
    return hr;
}

static HRESULT read_all(struct reader *from, LPSRestriction out)
{
    ULONG version = 0;
    HRESULT hr = get_u8(from, &version);

    if (SUCCEEDED(hr) && version != VERSION)
        hr = damaged();
    if (SUCCEEDED(hr))
        hr = get_node(from, out);
    if (SUCCEEDED(hr) && (from->left > 0 || restriction_check(out) != S_OK))
        hr = damaged();
    return hr;
}

HRESULT restriction_decode(const void *bytes, size_t size, ULONG flags, LPSRestriction *out)
{
    struct reader from = {bytes, size, flags & MAPI_UNICODE, NULL, 0};
    HRESULT hr = MAPIAllocateBuffer(sizeof **out, &from.head);

    *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = read_all(&from, from.head);
    if (FAILED(hr)) {
        MAPIFreeBuffer(from.head);
        return hr;
    }
    *out = from.head;
    return S_OK;
}
