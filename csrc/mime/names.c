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
    struct mime_names *names = malloc(sizeof *names);

    if (names != NULL) {
        mime_arena_init(&names->arena);
        names->count = 0;
        names->left_out = false;
    }
    return names;
}

void mime_names_free(struct mime_names *names)
{
    if (names != NULL)
        mime_arena_clear(&names->arena);
    free(names);
}

static struct mime_name *add_name(struct mime_names *names, const GUID *set, const char *name, bool known, ULONG type)
{
    struct mime_name *item = &names->items[names->count];

    if (names->count == MIME_MAX_NAMES) {
        names->left_out = true;
        return NULL;
    }
    memset(item, 0, sizeof *item);
    if (name != NULL && (item->name = mime_text_wide(&names->arena, name, strlen(name))) == NULL)
        return NULL;
    item->set = set;
    item->known = known;
    item->value.ulPropTag = type;
    names->count++;
    return item;
}

static struct mime_name *find_name(struct mime_names *names, const GUID *set, LPCWSTR name)
{
    size_t size = (utf16_length(name) + 1) * sizeof(WCHAR);

    for (size_t i = 0; i < names->count; i++) {
        struct mime_name *item = &names->items[i];

        if (item->set == set && item->name != NULL && utf16_length(item->name) == utf16_length(name) &&
            memcmp(item->name, name, size) == 0)
            return item;
    }
    return NULL;
}

/* Several fields of one name are one value, a line each. */
static void join_header(struct mime_names *names, struct mime_name *item, LPWSTR value)
{
    enum { LONGEST = 32 * 1024 };
    size_t old = utf16_length(item->value.Value.lpszW), more = utf16_length(value);
    LPWSTR joined = old + more < LONGEST ? mime_arena_alloc(&names->arena, (old + more + 2) * sizeof(WCHAR)) : NULL;

    names->left_out = names->left_out || old + more >= LONGEST;
    if (joined == NULL)
        return;
    memcpy(joined, item->value.Value.lpszW, old * sizeof(WCHAR));
    joined[old] = '\n';
    memcpy(joined + old + 1, value, more * sizeof(WCHAR));
    item->value.Value.lpszW = joined;
}

void mime_names_add_header(struct mime_names *names, const char *name, const char *value, bool known)
{
    char lower[128];
    size_t length = strlen(name);
    struct mime_name *item;
    LPWSTR wide_name, wide_value;

    if (length == 0 || length >= sizeof lower) {
        names->left_out = true;
        return;
    }
    for (size_t i = 0; i <= length; i++) {
        if ((unsigned char)name[i] >= 0x7F || (i < length && name[i] <= ' ')) {
            names->left_out = true;
            return;
        }
        lower[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] - 'A' + 'a' : name[i]);
    }
    wide_name = mime_text_wide(&names->arena, lower, length);
    wide_value = mime_text_wide(&names->arena, value, strlen(value));
    if (wide_name == NULL || wide_value == NULL)
        return;
    item = find_name(names, &PS_INTERNET_HEADERS, wide_name);
    if (item != NULL) {
        join_header(names, item, wide_value);
        return;
    }
    item = add_name(names, &PS_INTERNET_HEADERS, lower, known, PT_UNICODE);
    if (item != NULL)
        item->value.Value.lpszW = wide_value;
}

SPropValue *mime_names_add(struct mime_names *names, const GUID *set, LPWSTR name, ULONG id, ULONG type)
{
    struct mime_name *item = add_name(names, set, NULL, name == NULL, type);

    if (item == NULL)
        return NULL;
    item->name = name;
    item->id = id;
    return &item->value;
}

SPropValue *mime_names_add_number(struct mime_names *names, const GUID *set, ULONG id, ULONG type)
{
    return mime_names_add(names, set, NULL, id, type);
}

void mime_names_add_keywords(struct mime_names *names, const char *value)
{
    struct mime_name *item = find_name(names, &PS_PUBLIC_STRINGS, (LPCWSTR)u"Keywords");
    SWStringArray *words;
    LPWSTR *strings;
    size_t most = 1;

    if (item == NULL)
        item = add_name(names, &PS_PUBLIC_STRINGS, "Keywords", true, PT_MV_UNICODE);
    if (item == NULL)
        return;
    words = &item->value.Value.MVszW;
    for (const char *at = value; *at != '\0'; at++)
        most += *at == ',';
    strings = mime_arena_alloc(&names->arena, (words->cValues + most) * sizeof *strings);
    if (strings == NULL)
        return;
    if (words->cValues != 0)
        memcpy(strings, words->lppszW, words->cValues * sizeof *strings);
    words->lppszW = strings;
    while (value != NULL) {
        size_t size = strcspn(value, ",");
        const char *next = value[size] == ',' ? value + size + 1 : NULL;

        while (size != 0 && *value == ' ') {
            value++;
            size--;
        }
        while (size != 0 && value[size - 1] == ' ')
            size--;
        if (size != 0 && (strings[words->cValues] = mime_text_wide(&names->arena, value, size)) != NULL)
            words->cValues++;
        value = next;
    }
}

/* Asking for numbers -------------------------------------------------------------------------------------------- */

struct question {
    ULONG count;
    MAPINAMEID ids[MIME_MAX_NAMES];
    LPMAPINAMEID pointers[MIME_MAX_NAMES];
    struct mime_name *names[MIME_MAX_NAMES];
    SPropTagArray *tags; /* the answer, to be freed; NULL: none */
};

static void add_question(struct question *question, struct mime_name *name)
{
    MAPINAMEID *id = &question->ids[question->count];

    id->lpguid = (LPGUID)(uintptr_t)name->set;
    id->ulKind = name->name == NULL ? MNID_ID : MNID_STRING;
    if (name->name == NULL)
        id->Kind.lID = (LONG)name->id;
    else
        id->Kind.lpwstrName = name->name;
    question->pointers[question->count] = id;
    question->names[question->count++] = name;
}

static bool is_answered(const struct question *question, ULONG i)
{
    return question->tags != NULL && i < question->tags->cValues && PROP_ID(question->tags->aulPropTag[i]) != 0 &&
           PROP_TYPE(question->tags->aulPropTag[i]) != PT_ERROR;
}

/* A store that has no names, or no numbers for more, answers nothing; that is no failure. */
static HRESULT ask(struct question *question, bool create, IMAPIProp *object, struct mime_draft *draft)
{
    HRESULT hr = question->count == 0 ? S_OK
                                      : object->lpVtbl->GetIDsFromNames(object, question->count, question->pointers,
                                                                        create ? MAPI_CREATE : 0, &question->tags);

    if (FAILED(hr)) {
        question->tags = NULL;
        return hr == MAPI_E_NOT_ENOUGH_MEMORY ? hr : S_OK;
    }
    for (ULONG i = 0; i < question->count; i++) {
        SPropValue *value;

        if (!is_answered(question, i) || (value = mime_draft_add(draft, 0)) == NULL)
            continue;
        *value = question->names[i]->value;
        value->ulPropTag = CHANGE_PROP_TYPE(question->tags->aulPropTag[i], PROP_TYPE(value->ulPropTag));
    }
    return S_OK;
}

/* Makes names for headers that nobody has asked for yet, until the store has given out many numbers. */
static HRESULT ask_anew(struct question *question, IMAPIProp *object, struct mime_draft *draft, bool *left_out,
                        const struct mime_allocators *allocators)
{
    static const WCHAR no_more[] = u"no-more-names";
    HRESULT hr;

    if (mime_name_tag(object, &mime_kept_set, no_more, PT_BOOLEAN, false, allocators) != 0) {
        *left_out = true;
        return S_OK;
    }
    hr = ask(question, true, object, draft);
    for (ULONG i = 0; i < question->count; i++) {
        *left_out = *left_out || !is_answered(question, i);
        if (!is_answered(question, i) || PROP_ID(question->tags->aulPropTag[i]) < PROP_ID_NAMED_MIN + MIME_MOST_NAMES)
            continue;
        mime_name_tag(object, &mime_kept_set, no_more, PT_BOOLEAN, true, allocators);
        break;
    }
    return hr;
}

HRESULT
mime_names_draft(struct mime_names *names, IMAPIProp *object, struct mime_draft *draft,
                 const struct mime_allocators *allocators)
{
    struct question *questions = malloc(3 * sizeof *questions), *known, *others, *missing;
    HRESULT hr;

    if (questions == NULL || names->arena.failed) {
        free(questions);
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    for (size_t i = 0; i < 3; i++) {
        questions[i].count = 0;
        questions[i].tags = NULL;
    }
    known = questions;
    others = questions + 1;
    missing = questions + 2;
    for (size_t i = 0; i < names->count; i++)
        add_question(names->items[i].known ? known : others, &names->items[i]);
    hr = ask(known, true, object, draft);
    if (SUCCEEDED(hr))
        hr = ask(others, false, object, draft);
    for (ULONG i = 0; i < others->count && SUCCEEDED(hr); i++)
        if (!is_answered(others, i))
            add_question(missing, others->names[i]);
    if (SUCCEEDED(hr) && missing->count != 0)
        hr = ask_anew(missing, object, draft, &names->left_out, allocators);
    for (size_t i = 0; i < 3; i++)
        allocators->free_buffer(questions[i].tags);
    free(questions);
    return hr;
}

static ULONG tag_of(IMAPIProp *object, MAPINAMEID *id, ULONG type, bool create,
                    const struct mime_allocators *allocators)
{
    LPMAPINAMEID pointer = id;
    SPropTagArray *tags = NULL;
    ULONG tag = 0;

    if (FAILED(object->lpVtbl->GetIDsFromNames(object, 1, &pointer, create ? MAPI_CREATE : 0, &tags)) || tags == NULL)
        return 0;
    if (tags->cValues == 1 && PROP_TYPE(tags->aulPropTag[0]) != PT_ERROR)
        tag = CHANGE_PROP_TYPE(tags->aulPropTag[0], type);
    allocators->free_buffer(tags);
    return tag;
}

ULONG
mime_name_tag(IMAPIProp *object, const GUID *set, LPCWSTR name, ULONG type, bool create,
              const struct mime_allocators *allocators)
{
    MAPINAMEID id = {(LPGUID)(uintptr_t)set, MNID_STRING, {0}};

    id.Kind.lpwstrName = (LPWSTR)(uintptr_t)name;
    return tag_of(object, &id, type, create, allocators);
}

ULONG
mime_number_tag(IMAPIProp *object, const GUID *set, ULONG number, ULONG type, const struct mime_allocators *allocators)
{
    MAPINAMEID id = {(LPGUID)(uintptr_t)set, MNID_ID, {0}};

    id.Kind.lID = (LONG)number;
    return tag_of(object, &id, type, false, allocators);
}

HRESULT
mime_notes_draft(struct mime_draft *draft, IMAPIProp *object, const struct mime_allocators *allocators)
{
    SPropValue *value;
    LPWSTR *strings;
    ULONG count = 0, tag;

    for (const struct mime_note *note = draft->notes; note != NULL; note = note->next)
        count++;
    if (count == 0)
        return S_OK;
    tag = mime_name_tag(object, &mime_kept_set, (LPCWSTR)u"notes", PT_MV_UNICODE, true, allocators);
    strings = mime_arena_alloc(&draft->arena, count * sizeof *strings);
    if (strings == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    if (tag == 0 || (value = mime_draft_add(draft, tag)) == NULL)
        return draft->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    value->Value.MVszW = (SWStringArray){count, strings};
    for (const struct mime_note *note = draft->notes; note != NULL; note = note->next)
        *strings++ = mime_text_wide(&draft->arena, note->sentence, strlen(note->sentence));
    return draft->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
}
