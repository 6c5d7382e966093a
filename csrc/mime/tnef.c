#include "mime/tnef.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "mime/codepage.h"
#include "mime/text.h"

enum { SIGNATURE = 0x223E9F78, HEAD = 6, ATTRIBUTE_HEAD = 9, CHECKSUM = 2, MOST_VALUES = 65536 };

static uint32_t get_u32(const unsigned char *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool mime_tnef_begin(struct mime_tnef_reader *reader, const void *bytes, size_t size)
{
    reader->at = bytes;
    reader->end = reader->at + size;
    if (size < HEAD || get_u32(reader->at) != SIGNATURE)
        return false;
    reader->at += HEAD;
    return true;
}

bool mime_tnef_next(struct mime_tnef_reader *reader, ULONG *attribute, const unsigned char **content, size_t *size)
{
    size_t left = (size_t)(reader->end - reader->at);

    if (left < ATTRIBUTE_HEAD + CHECKSUM)
        return false;
    *attribute = get_u32(reader->at + 1);
    *size = get_u32(reader->at + 5);
    if (*size > left - ATTRIBUTE_HEAD - CHECKSUM)
        return false;
    *content = reader->at + ATTRIBUTE_HEAD;
    reader->at += ATTRIBUTE_HEAD + *size + CHECKSUM;
    return true;
}

/* Properties ---------------------------------------------------------------------------------------------------- */

struct block {
    struct mime_arena *arena;
    const unsigned char *at, *end;
    ULONG codepage;
};

/* The next bytes, and what fills them up to a multiple of four; NULL where there are not so many. */
static const unsigned char *take(struct block *block, size_t size)
{
    const unsigned char *at = block->at;
    size_t left = (size_t)(block->end - at), padded = (size + 3) / 4 * 4;

    if (size > left)
        return NULL;
    block->at += padded < left ? padded : left;
    return at;
}

static bool take_u32(struct block *block, uint32_t *value)
{
    const unsigned char *at = take(block, 4);

    if (at != NULL)
        *value = get_u32(at);
    return at != NULL;
}

static LPWSTR wide_of(struct block *block, const unsigned char *bytes, size_t size)
{
    size_t units = size / 2;
    LPWSTR text = mime_arena_alloc(block->arena, (units + 1) * sizeof(WCHAR));

    for (size_t i = 0; i < units && text != NULL; i++)
        text[i] = (WCHAR)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    return text; /* up to the first NUL, as all strings */
}

static LPWSTR narrow_of(struct block *block, const unsigned char *bytes, size_t size)
{
    const unsigned char *nul = memchr(bytes, 0, size);
    struct mime_charset charset;
    LPWSTR wide = NULL;
    char *utf8 = NULL;

    size = nul == NULL ? size : (size_t)(nul - bytes);
    if (SUCCEEDED(mime_charset_choose(mime_codepage_charset(block->codepage), bytes, size, &charset)) &&
        SUCCEEDED(mime_charset_to_utf8(&charset, bytes, size, &utf8, &size)))
        wide = mime_text_wide(block->arena, utf8, size);
    else
        block->arena->failed = true;
    free(utf8);
    return wide;
}

/* A value that has its size before it. */
static bool read_sized(struct block *block, ULONG type, LPWSTR *text, SBinary *binary)
{
    const unsigned char *bytes;
    uint32_t size;

    if (!take_u32(block, &size) || (bytes = take(block, size)) == NULL)
        return false;
    if (type == PT_UNICODE)
        *text = wide_of(block, bytes, size);
    else if (type == PT_STRING8)
        *text = narrow_of(block, bytes, size);
    else if (type == PT_OBJECT) /* may be large, and is read at once */
        *binary = (SBinary){size, (BYTE *)(uintptr_t)bytes};
    else
        *binary = (SBinary){size, mime_arena_copy(block->arena, bytes, size)};
    return !block->arena->failed;
}

static size_t fixed_size(ULONG type)
{
    switch (type) {
    case PT_I2:
    case PT_LONG:
    case PT_R4:
    case PT_BOOLEAN:
    case PT_ERROR:
        return 4;
    case PT_DOUBLE:
    case PT_APPTIME:
    case PT_CURRENCY:
    case PT_I8:
    case PT_SYSTIME:
        return 8;
    case PT_CLSID:
        return sizeof(GUID);
    default:
        return 0;
    }
}

static bool read_fixed(struct block *block, SPropValue *value)
{
    ULONG type = PROP_TYPE(value->ulPropTag);
    const unsigned char *bytes = take(block, fixed_size(type));

    if (bytes == NULL)
        return false;
    if (type == PT_CLSID)
        return (value->Value.lpguid = mime_arena_copy(block->arena, bytes, sizeof(GUID))) != NULL;
    if (type == PT_BOOLEAN)
        value->Value.b = bytes[0] != 0;
    else if (type == PT_I2)
        value->Value.i = (short)(bytes[0] | bytes[1] << 8);
    else if (type == PT_SYSTIME)
        value->Value.ft = (FILETIME){get_u32(bytes), get_u32(bytes + 4)};
    else
        memcpy(&value->Value, bytes, fixed_size(type));
    return true;
}

/* Arrays of strings and binaries, and the single ones, which are arrays of one. */
static bool read_several(struct block *block, SPropValue *value)
{
    ULONG type = PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_FLAG;
    bool several = (PROP_TYPE(value->ulPropTag) & MV_FLAG) != 0, strings = type == PT_UNICODE || type == PT_STRING8;
    uint32_t count;
    LPWSTR *texts;
    SBinary *binaries;

    if (!take_u32(block, &count) || count == 0 || count > MOST_VALUES || count > (size_t)(block->end - block->at) / 4 ||
        (!several && count != 1))
        return false;
    texts = mime_arena_alloc(block->arena, count * sizeof *texts);
    binaries = mime_arena_alloc(block->arena, count * sizeof *binaries);
    for (uint32_t i = 0; i < count; i++)
        if (texts == NULL || binaries == NULL || !read_sized(block, type, &texts[i], &binaries[i]))
            return false;
    if (strings)
        value->ulPropTag = CHANGE_PROP_TYPE(value->ulPropTag, several ? PT_MV_UNICODE : PT_UNICODE);
    if (several && strings)
        value->Value.MVszW = (SWStringArray){count, texts};
    else if (several)
        value->Value.MVbin = (SBinaryArray){count, binaries};
    else if (strings)
        value->Value.lpszW = texts[0];
    else
        value->Value.bin = binaries[0];
    return true;
}

/* Arrays of numbers: those of 32 bits are kept; others, and empty ones, which no property can be (imapiprop-setprops.md), are
 * passed over with an error value in their place. */
static bool read_numbers(struct block *block, SPropValue *value)
{
    ULONG type = PROP_TYPE(value->ulPropTag) & ~(ULONG)MV_FLAG;
    size_t size = fixed_size(type);
    const unsigned char *bytes;
    uint32_t count;
    LONG *numbers;

    if (!take_u32(block, &count) || count > MOST_VALUES || (bytes = take(block, count * size)) == NULL)
        return false;
    if (type != PT_LONG || count == 0) {
        value->ulPropTag = CHANGE_PROP_TYPE(value->ulPropTag, PT_ERROR);
        value->Value.err = MAPI_E_NO_SUPPORT;
        return true;
    }
    numbers = mime_arena_alloc(block->arena, (count + 1) * sizeof *numbers);
    for (uint32_t i = 0; i < count && numbers != NULL; i++)
        numbers[i] = (LONG)get_u32(bytes + 4 * i);
    value->Value.MVl.cValues = count;
    value->Value.MVl.lpl = numbers;
    return numbers != NULL;
}

static bool read_name(struct block *block, struct mime_tnef_property *property)
{
    const unsigned char *set = take(block, sizeof(GUID)), *text;
    uint32_t kind, number;

    if (set == NULL || !take_u32(block, &kind) || !take_u32(block, &number))
        return false;
    property->set = mime_arena_copy(block->arena, set, sizeof(GUID));
    property->number = number;
    if (kind != MNID_STRING)
        return property->set != NULL;
    if ((text = take(block, number)) == NULL)
        return false;
    property->name = wide_of(block, text, number);
    return property->set != NULL && property->name != NULL && *property->name != 0;
}

static bool read_property(struct block *block, struct mime_tnef_property *property)
{
    uint32_t tag;
    ULONG type;

    memset(property, 0, sizeof *property);
    if (!take_u32(block, &tag))
        return false;
    property->value.ulPropTag = tag;
    if (PROP_ID(tag) >= PROP_ID_NAMED_MIN && PROP_ID(tag) < PROP_ID_NAMED_MAX && !read_name(block, property))
        return false;
    type = PROP_TYPE(tag);
    if ((type & MV_FLAG) != 0 && fixed_size(type & ~(ULONG)MV_FLAG) != 0)
        return read_numbers(block, &property->value);
    if (fixed_size(type) != 0)
        return read_fixed(block, &property->value);
    switch (type & ~(ULONG)MV_FLAG) {
    case PT_UNICODE:
    case PT_STRING8:
    case PT_BINARY:
    case PT_OBJECT:
        return read_several(block, &property->value);
    default:
        return false; /* of a size that nobody knows */
    }
}

size_t mime_tnef_properties(struct mime_arena *arena, const unsigned char *bytes, size_t size, ULONG codepage,
                            struct mime_tnef_property *properties, size_t most, size_t *used)
{
    struct block block = {arena, bytes, bytes + size, codepage};
    uint32_t count = 0;
    size_t read = 0;

    if (!take_u32(&block, &count))
        count = 0;
    while (read < count && read < most && read_property(&block, &properties[read]))
        read++;
    if (used != NULL)
        *used = read == count ? (size_t)(block.at - bytes) : size;
    return read;
}
