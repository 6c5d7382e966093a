#include "mime/draft.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapisub.h>

#include "mime/text.h"

static const int64_t epoch_1601 = 11644473600; /* seconds from 1601 to 1970 */
static const int64_t ticks_per_second = 10000000;

void mime_draft_init(struct mime_draft *draft)
{
    memset(draft, 0, sizeof *draft);
}

void mime_draft_clear(struct mime_draft *draft)
{
    mime_arena_clear(&draft->arena);
    free(draft->items);
    mime_draft_init(draft);
}

SPropValue *mime_draft_add(struct mime_draft *draft, ULONG tag)
{
    SPropValue *item;

    if (draft->count == draft->capacity) {
        ULONG capacity = draft->capacity == 0 ? 32 : 2 * draft->capacity;
        SPropValue *items = realloc(draft->items, capacity * sizeof *items);

        if (items == NULL) {
            draft->arena.failed = true;
            return NULL;
        }
        draft->items = items;
        draft->capacity = capacity;
    }
    item = &draft->items[draft->count++];
    memset(item, 0, sizeof *item);
    item->ulPropTag = tag;
    return item;
}

void mime_draft_long(struct mime_draft *draft, ULONG tag, LONG value)
{
    SPropValue *item = mime_draft_add(draft, tag);

    if (item != NULL)
        item->Value.l = value;
}

void mime_draft_boolean(struct mime_draft *draft, ULONG tag, bool value)
{
    SPropValue *item = mime_draft_add(draft, tag);

    if (item != NULL)
        item->Value.b = value;
}

void mime_draft_binary(struct mime_draft *draft, ULONG tag, const void *bytes, size_t size)
{
    SPropValue *item = mime_draft_add(draft, tag);

    if (item != NULL) {
        item->Value.bin.lpb = mime_arena_copy(&draft->arena, bytes, size);
        item->Value.bin.cb = (ULONG)size;
    }
}

void mime_draft_text_sized(struct mime_draft *draft, ULONG tag, const char *utf8, size_t size)
{
    SPropValue *item = mime_draft_add(draft, tag);

    if (item != NULL)
        item->Value.lpszW = mime_text_wide(&draft->arena, utf8, size);
}

void mime_draft_text(struct mime_draft *draft, ULONG tag, const char *utf8)
{
    if (utf8 != NULL)
        mime_draft_text_sized(draft, tag, utf8, strlen(utf8));
}

void mime_draft_time(struct mime_draft *draft, ULONG tag, int64_t unix_seconds)
{
    SPropValue *item = mime_draft_add(draft, tag);

    if (item != NULL)
        item->Value.ft = mime_filetime(unix_seconds);
}

void mime_draft_note(struct mime_draft *draft, const char *sentence)
{
    struct mime_note **link = &draft->notes;

    for (; *link != NULL; link = &(*link)->next)
        if (strcmp((*link)->sentence, sentence) == 0)
            return;
    *link = mime_arena_alloc(&draft->arena, sizeof **link);
    if (*link != NULL)
        (*link)->sentence = sentence;
}

SPropValue *mime_draft_get(struct mime_draft *draft, ULONG tag)
{
    for (ULONG i = 0; i < draft->count; i++)
        if (draft->items[i].ulPropTag == tag)
            return &draft->items[i];
    return NULL;
}

const SPropValue *mime_draft_find(const struct mime_draft *draft, ULONG tag)
{
    return mime_draft_get((struct mime_draft *)(uintptr_t)draft, tag);
}

static bool is_tolerable(SCODE problem)
{
    return problem == MAPI_E_COMPUTED || problem == MAPI_E_NO_SUPPORT || problem == MAPI_E_UNEXPECTED_TYPE ||
           problem == MAPI_E_INVALID_TYPE || problem == MAPI_E_NO_ACCESS;
}

HRESULT
mime_draft_apply(struct mime_draft *draft, IMAPIProp *object, const struct mime_allocators *allocators)
{
    SPropProblemArray *problems = NULL;
    HRESULT hr;

    if (draft->arena.failed)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    if (draft->count == 0)
        return S_OK;
    hr = object->lpVtbl->SetProps(object, draft->count, draft->items, &problems);
    if (SUCCEEDED(hr) && problems != NULL)
        for (ULONG i = 0; i < problems->cProblem && SUCCEEDED(hr); i++)
            if (!is_tolerable(problems->aProblem[i].scode))
                hr = ResultFromScode(problems->aProblem[i].scode);
    allocators->free_buffer(problems);
    return FAILED(hr) ? hr : S_OK;
}

FILETIME
mime_filetime(int64_t unix_seconds)
{
    FILETIME time = {0, 0};

    if (unix_seconds > -epoch_1601 && unix_seconds < INT64_MAX / ticks_per_second - epoch_1601) {
        uint64_t ticks = (uint64_t)((unix_seconds + epoch_1601) * ticks_per_second);

        time.dwLowDateTime = (DWORD)ticks;
        time.dwHighDateTime = (DWORD)(ticks >> 32);
    }
    return time;
}

int64_t mime_unix_time(FILETIME time)
{
    uint64_t ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;

    return (int64_t)(ticks / (uint64_t)ticks_per_second) - epoch_1601;
}
