#include "mime/import_parts.h"
#include "mime/import_tnef.h"

#include <string.h>

#include <mapicode.h>

#include "mime/header.h"

static const char field_name[] = "X-MS-Attachment";

/* The fields that can be read; everything is in the draft's arena. */
struct hints {
    struct mime_hint *items;
    bool *taken; /* an attachment has this name */
    size_t count;
};

/* The last word of a text, split off from it; "" where there is only one. */
static const char *cut_word(char *text)
{
    size_t end = strlen(text), start;

    while (end != 0 && (text[end - 1] == ' ' || text[end - 1] == '\t'))
        end--;
    for (start = end; start != 0 && text[start - 1] != ' ' && text[start - 1] != '\t'; start--)
        continue;
    if (start == 0)
        return "";
    text[end] = '\0';
    text[start - 1] = '\0';
    return text + start;
}

/* Is the text of this form, in which a 9 stands for any digit? The numbers between the others follow each other. */
static bool read_numbers(const char *text, const char *form, int numbers[3])
{
    size_t count = 0;

    memset(numbers, 0, 3 * sizeof *numbers);
    for (; *form != '\0'; form++, text++) {
        if (*form == '9' && g_ascii_isdigit(*text))
            numbers[count] = 10 * numbers[count] + (*text - '0');
        else if (*form != '9' && *text == *form)
            count++;
        else
            return false;
    }
    return *text == '\0';
}

/* The date is that of the file, in whatever zone; it is taken for UTC. */
static bool read_time(const char *date, const char *time, int64_t *unix_seconds)
{
    enum { FIRST_YEAR = 1601 }; /* of a FILETIME */
    int day[3], clock[3];
    GDateTime *read;

    if (!read_numbers(date, "99-99-9999", day) || !read_numbers(time, "99:99", clock) || day[2] < FIRST_YEAR)
        return false;
    read = g_date_time_new_utc(day[2], day[0], day[1], clock[0], clock[1], 0);
    if (read == NULL)
        return false;
    *unix_seconds = g_date_time_to_unix(read);
    g_date_time_unref(read);
    return true;
}

/* "name size mm-dd-yyyy hh:mm", from the right, for the name may hold blanks [message-envelope.md]. */
static bool read_hint(char *text, struct mime_hint *hint)
{
    const char *time = cut_word(text), *date = cut_word(text), *size = cut_word(text);

    g_strchomp(text);
    hint->name = text;
    return *text != '\0' && *size != '\0' && size[strspn(size, "0123456789")] == '\0' &&
           read_time(date, time, &hint->unix_seconds);
}

static HRESULT read_hints(struct mime_import *import, GMimeHeaderList *list, struct mime_arena *arena,
                          struct hints *hints)
{
    int count = g_mime_header_list_get_count(list), fields = 0;

    memset(hints, 0, sizeof *hints);
    for (int i = 0; i < count; i++)
        fields +=
            g_ascii_strcasecmp(g_mime_header_get_name(g_mime_header_list_get_header_at(list, i)), field_name) == 0;
    if (fields == 0)
        return S_OK;
    hints->items = mime_arena_alloc(arena, (size_t)fields * sizeof *hints->items);
    hints->taken = mime_arena_alloc(arena, (size_t)fields * sizeof *hints->taken);
    if (hints->items == NULL || hints->taken == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    for (int i = 0; i < count; i++) {
        GMimeHeader *header = g_mime_header_list_get_header_at(list, i);
        const char *raw = g_mime_header_get_raw_value(header);
        char *text;

        if (raw == NULL || g_ascii_strcasecmp(g_mime_header_get_name(header), field_name) != 0)
            continue;
        text = mime_import_text(import, arena, raw);
        if (text == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        hints->count += read_hint(text, &hints->items[hints->count]);
    }
    return S_OK;
}

/* The first field of this name that no attachment has taken; fields mostly come in the order of the attachments. */
static struct mime_hint *take_hint(struct hints *hints, const char *name, size_t order)
{
    for (size_t i = 0; i < hints->count; i++) {
        size_t at = (order + i) % hints->count;

        if (!hints->taken[at] && strcmp(hints->items[at].name, name) == 0) {
            hints->taken[at] = true;
            return &hints->items[at];
        }
    }
    return NULL;
}

/* What stands in a winmail.dat has names and dates of its own; a multipart that is kept as it stands is no file. */
static bool is_file(const struct mime_attached_part *attached)
{
    return !attached->entity && !mime_is_tnef(attached->part);
}

HRESULT
mime_import_hints(struct mime_import *import, GMimeMessage *parsed, struct mime_parts *parts, struct mime_arena *arena)
{
    struct hints hints;
    size_t files = 0, order = 0;
    HRESULT hr;

    if (parts->count == 0)
        return S_OK;
    hr = read_hints(import, g_mime_object_get_header_list(GMIME_OBJECT(parsed)), arena, &hints);
    if (FAILED(hr) || hints.count == 0)
        return hr;
    for (size_t i = 0; i < parts->count; i++) {
        struct mime_attached_part *attached = &parts->attached[i];
        const char *name =
            mime_header_part_name(import->options, arena, mime_header_raw(attached->part, "Content-Disposition"),
                                  mime_header_raw(attached->part, "Content-Type"));

        if (is_file(attached) && name != NULL)
            attached->hint = take_hint(&hints, name, files);
        files += is_file(attached);
    }
    for (size_t i = 0; i < parts->count && files == hints.count; i++) {
        struct mime_attached_part *attached = &parts->attached[i];

        if (!is_file(attached))
            continue;
        if (attached->hint == NULL && !hints.taken[order])
            attached->hint = &hints.items[order];
        order++;
    }
    return arena->failed ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
}
