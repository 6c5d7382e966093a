#include "mime/names.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapisub.h>

#include "base/utf.h"
#include "mime/text.h"

/* {6B1A2C7E-0D4F-4E63-9C0B-5C6A77E2B5D1} */
const GUID mime_kept_set = {0x6B1A2C7E, 0x0D4F, 0x4E63, {0x9C, 0x0B, 0x5C, 0x6A, 0x77, 0xE2, 0xB5, 0xD1}};

struct mime_names *mime_names_create(void)
{
    return calloc(1, sizeof(struct mime_names));
}

void mime_names_free(struct mime_names *names)
{
    if (names != NULL)
        mime_arena_clear(&names->arena);
    free(names);
}

static struct mime_name *add_name(struct mime_names *names, const GUID *set, const char *name, bool create, ULONG type)
{
    struct mime_name *item = &names->items[names->count];

    if (names->count == MIME_MAX_NAMES)
        return NULL;
    item->name = mime_text_wide(&names->arena, name, strlen(name));
    item->strings = NULL;
    item->count = 0;
    item->set = set;
    item->create = create;
    item->type = type;
    names->count += item->name != NULL;
    return item->name == NULL ? NULL : item;
}

/* Several fields of one name are one value, a line each. */
static bool join_header(struct mime_names *names, LPCWSTR name, LPWSTR value)
{
    size_t size = (utf16_length(name) + 1) * sizeof(WCHAR);

    for (size_t i = 0; i < names->count; i++) {
        struct mime_name *item = &names->items[i];
        size_t old, more;
        LPWSTR joined;

        if (item->count == 0 || utf16_length(item->name) != utf16_length(name) || memcmp(item->name, name, size) != 0)
            continue;
        old = utf16_length(item->strings[0]);
        more = utf16_length(value);
        joined = mime_arena_alloc(&names->arena, (old + more + 2) * sizeof(WCHAR));
        if (joined != NULL && old + more < 32 * 1024) {
            memcpy(joined, item->strings[0], old * sizeof(WCHAR));
            joined[old] = '\n';
            memcpy(joined + old + 1, value, more * sizeof(WCHAR));
            item->strings[0] = joined;
        }
        return true;
    }
    return false;
}

void mime_names_add_header(struct mime_names *names, const char *name, const char *value, bool create)
{
    char lower[128];
    size_t length = strlen(name);
    struct mime_name *item;
    LPWSTR wide_name, wide_value;

    if (length == 0 || length >= sizeof lower)
        return;
    for (size_t i = 0; i <= length; i++) {
        if ((unsigned char)name[i] >= 0x7F || (i < length && name[i] <= ' '))
            return;
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    wide_name = mime_text_wide(&names->arena, lower, length);
    wide_value = mime_text_wide(&names->arena, value, strlen(value));
    if (wide_name == NULL || wide_value == NULL || join_header(names, wide_name, wide_value))
        return;
    item = add_name(names, &PS_INTERNET_HEADERS, lower, create, PT_UNICODE);
    if (item == NULL)
        return;
    item->strings = mime_arena_copy(&names->arena, &wide_value, sizeof wide_value);
    item->count = item->strings != NULL;
}

void mime_names_add_keywords(struct mime_names *names, const char *value)
{
    struct mime_name *item = add_name(names, &PS_PUBLIC_STRINGS, "Keywords", true, PT_MV_UNICODE);
    size_t most = 1;

    if (item == NULL)
        return;
    for (const char *at = value; *at != '\0'; at++)
        most += *at == ',';
    item->strings = mime_arena_alloc(&names->arena, most * sizeof *item->strings);
    while (item->strings != NULL && value != NULL) {
        size_t size = strcspn(value, ",");
        const char *next = value[size] == ',' ? value + size + 1 : NULL;

        while (size != 0 && *value == ' ') {
            value++;
            size--;
        }
        while (size != 0 && value[size - 1] == ' ')
            size--;
        if (size != 0)
            item->strings[item->count++] = mime_text_wide(&names->arena, value, size);
        value = next;
    }
}

/* The numbers of the names that are to be created, or of those that are not. */
static HRESULT ask(struct mime_names *names, bool create, IMAPIProp *object, struct mime_draft *draft,
                   const struct mime_allocators *allocators)
{
    MAPINAMEID *ids = mime_arena_alloc(&names->arena, MIME_MAX_NAMES * sizeof *ids);
    LPMAPINAMEID *pointers = mime_arena_alloc(&names->arena, MIME_MAX_NAMES * sizeof *pointers);
    struct mime_name **asked = mime_arena_alloc(&names->arena, MIME_MAX_NAMES * sizeof(struct mime_name *));
    SPropTagArray *tags = NULL;
    ULONG count = 0;
    HRESULT hr;

    if (names->arena.failed)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (size_t i = 0; i < names->count; i++) {
        if (names->items[i].create != create || names->items[i].count == 0)
            continue;
        ids[count].lpguid = (LPGUID)(uintptr_t)names->items[i].set;
        ids[count].ulKind = MNID_STRING;
        ids[count].Kind.lpwstrName = names->items[i].name;
        pointers[count] = &ids[count];
        asked[count++] = &names->items[i];
    }
    if (count == 0)
        return S_OK;
    hr = object->lpVtbl->GetIDsFromNames(object, count, pointers, create ? MAPI_CREATE : 0, &tags);
    if (FAILED(hr) || tags == NULL)
        return hr == MAPI_E_NOT_ENOUGH_MEMORY ? hr : S_OK;
    for (ULONG i = 0; i < count && i < tags->cValues; i++) {
        ULONG tag = tags->aulPropTag[i];
        SPropValue *value;

        if (PROP_TYPE(tag) == PT_ERROR || PROP_ID(tag) == 0)
            continue;
        value = mime_draft_add(draft, CHANGE_PROP_TYPE(tag, asked[i]->type));
        if (value != NULL && asked[i]->type == PT_UNICODE)
            value->Value.lpszW = asked[i]->strings[0];
        else if (value != NULL)
            value->Value.MVszW = (SWStringArray){asked[i]->count, asked[i]->strings};
    }
    allocators->free_buffer(tags);
    return S_OK;
}

HRESULT
mime_names_draft(struct mime_names *names, IMAPIProp *object, struct mime_draft *draft,
                 const struct mime_allocators *allocators)
{
    HRESULT hr = ask(names, true, object, draft, allocators);

    return FAILED(hr) ? hr : ask(names, false, object, draft, allocators);
}

ULONG
mime_name_tag(IMAPIProp *object, const GUID *set, LPCWSTR name, ULONG type, bool create,
              const struct mime_allocators *allocators)
{
    MAPINAMEID id;
    LPMAPINAMEID pointer = &id;
    SPropTagArray *tags = NULL;
    ULONG tag = 0;

    id.lpguid = (LPGUID)(uintptr_t)set;
    id.ulKind = MNID_STRING;
    id.Kind.lpwstrName = (LPWSTR)(uintptr_t)name;
    if (FAILED(object->lpVtbl->GetIDsFromNames(object, 1, &pointer, create ? MAPI_CREATE : 0, &tags)) || tags == NULL)
        return 0;
    if (tags->cValues == 1 && PROP_TYPE(tags->aulPropTag[0]) != PT_ERROR)
        tag = CHANGE_PROP_TYPE(tags->aulPropTag[0], type);
    allocators->free_buffer(tags);
    return tag;
}
