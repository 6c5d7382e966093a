#include "store/subject.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/propcodec.h"
#include "store/columns.h"

bool subject_is(ULONG tag)
{
    return PROP_ID(tag) == PROP_ID(PR_SUBJECT_W) || PROP_ID(tag) == PROP_ID(PR_SUBJECT_PREFIX_W) ||
           PROP_ID(tag) == PROP_ID(PR_NORMALIZED_SUBJECT_W);
}

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

static ULONG count_characters(const unsigned char *text, size_t size)
{
    ULONG count = 0;
    size_t i;

    for (i = 0; i < size; i++)
        count += !is_continuation(text[i]);
    return count;
}

static size_t bytes_of_characters(const unsigned char *text, size_t size, ULONG characters)
{
    size_t i;

    for (i = 0; i < size; i++)
        if (!is_continuation(text[i]) && characters-- == 0)
            break;
    return i;
}

/* How many bytes of a subject are its prefix by the rule of subject.h; units are counted as UTF-16 has them. */
static size_t find_prefix(const unsigned char *text, size_t size)
{
    unsigned units = 0;
    size_t i;

    for (i = 0; i < size && units <= 3; i++) {
        if (text[i] == ':')
            return units >= 1 && i + 1 < size && text[i + 1] == ' ' ? i + 2 : 0;
        if (text[i] == ' ' || text[i] == '\t' || (text[i] >= '0' && text[i] <= '9'))
            return 0;
        if (!is_continuation(text[i]))
            units += text[i] >= 0xF0 ? 2 : 1;
    }
    return 0;
}

/* The subject's bytes (none: empty) and how many of them are the prefix. */
static HRESULT current(const struct holder *props, struct store *store, struct place place, struct byte_buffer *text,
                       size_t *prefix)
{
    HRESULT hr = holder_payload(props, store, place, PR_SUBJECT_W, text);

    *prefix = 0;
    if (hr == MAPI_E_NOT_FOUND)
        return S_OK;
    if (SUCCEEDED(hr))
        *prefix = bytes_of_characters(text->bytes, text->size, holder_long(props, PR_SUBJECT_PREFIX_LENGTH, 0));
    return hr;
}

/* The subject and the length of its prefix change together or not at all. */
static HRESULT store_subject(struct holder *props, const unsigned char *text, size_t size, size_t prefix)
{
    bool had_length = holder_has(props, PR_SUBJECT_PREFIX_LENGTH);
    ULONG length = holder_long(props, PR_SUBJECT_PREFIX_LENGTH, 0);
    HRESULT hr = holder_set_long(props, PR_SUBJECT_PREFIX_LENGTH, count_characters(text, prefix));

    if (FAILED(hr))
        return hr;
    hr = holder_set_payload(props, PR_SUBJECT_W, text, size);
    if (FAILED(hr) && had_length)
        holder_poke_long(props, PR_SUBJECT_PREFIX_LENGTH, length);
    else if (FAILED(hr))
        (void)holder_remove(props, PR_SUBJECT_PREFIX_LENGTH); /* cannot fail for a small value */
    return hr;
}

/* An address inside text, also where there is none. */
static const unsigned char *at(const struct byte_buffer *text, size_t offset)
{
    return text->size == 0 ? (const unsigned char *)"" : text->bytes + offset;
}

static bool ends_with(const struct byte_buffer *text, const struct byte_buffer *part)
{
    return part->size <= text->size && memcmp(text->bytes + text->size - part->size, part->bytes, part->size) == 0;
}

static bool starts_with(const struct byte_buffer *text, const struct byte_buffer *part)
{
    return part->size <= text->size && memcmp(text->bytes, part->bytes, part->size) == 0;
}

/* Joins two parts, the first of which becomes the prefix. */
static HRESULT join(struct holder *props, const unsigned char *first, size_t first_size, const unsigned char *second,
                    size_t second_size)
{
    struct byte_buffer text;
    HRESULT hr;

    byte_buffer_init(&text);
    hr = byte_buffer_append(&text, first, first_size);
    if (SUCCEEDED(hr))
        hr = byte_buffer_append(&text, second, second_size);
    if (SUCCEEDED(hr))
        hr = store_subject(props, at(&text, 0), text.size, first_size);
    byte_buffer_free(&text);
    return hr;
}

static HRESULT set_part(struct holder *props, ULONG tag, const struct byte_buffer *part, const struct byte_buffer *text,
                        size_t prefix)
{
    if (PROP_ID(tag) == PROP_ID(PR_SUBJECT_W))
        return store_subject(props, at(part, 0), part->size, find_prefix(part->bytes, part->size));
    if (PROP_ID(tag) == PROP_ID(PR_SUBJECT_PREFIX_W)) {
        if (part->size == 0 || (text->size > 0 && starts_with(text, part)))
            return store_subject(props, at(text, 0), text->size, part->size);
        return join(props, part->bytes, part->size, at(text, prefix), text->size - prefix);
    }
    if (part->size > 0 && ends_with(text, part))
        return store_subject(props, at(text, 0), text->size, text->size - part->size);
    return join(props, text->bytes, prefix, part->bytes, part->size);
}

HRESULT subject_set(struct holder *props, struct store *store, struct place place, const SPropValue *value)
{
    struct byte_buffer part;
    struct byte_buffer text;
    size_t prefix;
    HRESULT hr;

    if (PROP_TYPE(value->ulPropTag) != PT_UNICODE && PROP_TYPE(value->ulPropTag) != PT_STRING8)
        return MAPI_E_INVALID_TYPE;
    byte_buffer_init(&part);
    byte_buffer_init(&text);
    hr = prop_payload_from_value(value, &part);
    if (SUCCEEDED(hr) && PROP_ID(value->ulPropTag) != PROP_ID(PR_SUBJECT_W))
        hr = current(props, store, place, &text, &prefix);
    else
        prefix = 0;
    if (SUCCEEDED(hr))
        hr = set_part(props, value->ulPropTag, &part, &text, prefix);
    byte_buffer_free(&part);
    byte_buffer_free(&text);
    return hr;
}

HRESULT subject_remove(struct holder *props, struct store *store, struct place place, ULONG tag)
{
    struct byte_buffer text;
    size_t prefix;
    HRESULT hr;

    if (!holder_has(props, PR_SUBJECT_W))
        return MAPI_E_NOT_FOUND;
    if (PROP_ID(tag) != PROP_ID(PR_SUBJECT_PREFIX_W)) {
        hr = holder_remove(props, PR_SUBJECT_W);
        return FAILED(hr) ? hr : holder_remove(props, PR_SUBJECT_PREFIX_LENGTH);
    }
    byte_buffer_init(&text);
    hr = current(props, store, place, &text, &prefix);
    if (SUCCEEDED(hr))
        hr = store_subject(props, at(&text, prefix), text.size - prefix, 0);
    byte_buffer_free(&text);
    return hr;
}

HRESULT subject_get(const struct holder *props, struct store *store, struct place place, ULONG tag, ULONG flags,
                    void *head, SPropValue *out)
{
    struct byte_buffer text;
    size_t prefix;
    ULONG wanted;
    HRESULT hr;

    if (!holder_has(props, PR_SUBJECT_W))
        return MAPI_E_NOT_FOUND;
    hr = prop_wanted_tag(CHANGE_PROP_TYPE(tag, PT_UNICODE), tag, flags, &wanted);
    if (FAILED(hr))
        return hr;
    byte_buffer_init(&text);
    hr = current(props, store, place, &text, &prefix);
    if (SUCCEEDED(hr) && PROP_ID(tag) == PROP_ID(PR_SUBJECT_PREFIX_W))
        hr = prop_value_from_payload(wanted, flags, text.bytes, prefix, head, out);
    else if (SUCCEEDED(hr))
        hr = prop_value_from_payload(wanted, flags, at(&text, prefix), text.size - prefix, head, out);
    byte_buffer_free(&text);
    return hr;
}
