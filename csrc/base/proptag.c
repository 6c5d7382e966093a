/* proptag.c - look-up of property tags by name and of names by tag. See proptag.h. */
#include "base/proptag.h"

#include <mapitags.h>
#include <string.h>

struct name {
    const char *text;
    ULONG tag;
    unsigned char length;
    bool alias;
};

#define TAG(name, tag)   {#name, tag, sizeof #name - 1, false},
#define ALIAS(name, tag) {#name, tag, sizeof #name - 1, true},

static const struct name short_names[] = {
#include "base/proptag_names.h"
};

static const struct name canonical_names[] = {
#include "base/proptag_canonical.h"
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct name *find(const struct name *names, size_t count, const char *text, size_t length)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct name *name = &names[middle];
        int order = memcmp(name->text, text, name->length < length ? name->length : length);
        if (order == 0 && name->length == length)
            return name;
        if (order < 0 || (order == 0 && name->length < length))
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* The part after PR_: upper case, and perhaps _A or _W at the end. */
static bool from_constant(const char *text, size_t length, ULONG *tag)
{
    char lower[64];
    if (length > sizeof lower)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c >= 'a' && c <= 'z')
            return false;
        lower[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    const struct name *name = find(short_names, COUNT(short_names), lower, length);
    if (name != NULL) {
        *tag = name->tag;
        return true;
    }
    if (length < 3 || lower[length - 2] != '_' || (lower[length - 1] != 'a' && lower[length - 1] != 'w'))
        return false;
    name = find(short_names, COUNT(short_names), lower, length - 2);
    if (name == NULL)
        return false;
    ULONG type = PROP_TYPE(name->tag);
    bool wide = (type & ~(ULONG)MV_FLAG) == PT_UNICODE;
    bool narrow = (type & ~(ULONG)MV_FLAG) == PT_STRING8;
    if (lower[length - 1] == 'w' ? !wide : !wide && !narrow)
        return false;
    *tag = lower[length - 1] == 'w' ? name->tag : CHANGE_PROP_TYPE(name->tag, PT_STRING8 | (type & MV_FLAG));
    return true;
}

bool proptag_from_name(const char *text, size_t length, ULONG *tag)
{
    const struct name *name;
    if (length > 3 && memcmp(text, "PR_", 3) == 0)
        return from_constant(text + 3, length - 3, tag);
    if (length > 6 && memcmp(text, "PidTag", 6) == 0)
        name = find(canonical_names, COUNT(canonical_names), text + 6, length - 6);
    else
        name = find(short_names, COUNT(short_names), text, length);
    if (name == NULL)
        return false;
    *tag = name->tag;
    return true;
}

/* Both forms of a string are one property; the instance flag belongs to a table's column, not to the property. */
static ULONG normal_type(ULONG type)
{
    type &= ~(ULONG)MV_INSTANCE;
    if ((type & ~(ULONG)MV_FLAG) == PT_STRING8)
        type = (type & MV_FLAG) | PT_UNICODE;
    return type;
}

const char *proptag_name(ULONG tag)
{
    ULONG type = normal_type(PROP_TYPE(tag));
    bool any = type == PT_UNSPECIFIED || type == PT_ERROR;
    if (PROP_ID(tag) >= PROP_ID_NAMED_MIN)
        return NULL;
    for (size_t i = 0; i < COUNT(short_names); i++) {
        const struct name *name = &short_names[i];
        if (PROP_ID(name->tag) == PROP_ID(tag) && !name->alias && (any || normal_type(PROP_TYPE(name->tag)) == type))
            return name->text;
    }
    return NULL;
}
