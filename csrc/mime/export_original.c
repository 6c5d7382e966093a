#include "mime/export.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapitags.h>

#include "mime/header.h"

/*
 * The header as it came (PR_TRANSPORT_MESSAGE_HEADERS) is never written as it stands: what leaves are properties. But
 * where a field of it says just what the properties say, it is written in its own words, which may hold what no
 * property does: the time zone of a date, the names of groups, comments, the second author.
 */

struct mime_originals {
    struct original {
        const char *name, *value; /* the value with its folds, without its last line end */
    } * fields;
    size_t count;
};

/* The next line behind `at`. */
static char *next_line(char *at)
{
    char *newline = strchr(at, '\n');

    return newline == NULL ? at + strlen(at) : newline + 1;
}

static bool continues(const char *line)
{
    return *line == ' ' || *line == '\t';
}

/* Cuts the text into fields, in place. */
static void split(struct mime_originals *originals, char *at)
{
    while (*at != '\0') {
        char *colon = strchr(at, ':'), *end = next_line(at), *name_end = colon;
        struct original *field;

        while (continues(end))
            end = next_line(end);
        if (colon != NULL && colon < end) {
            while (name_end > at && continues(name_end - 1))
                name_end--;
            field = &originals->fields[originals->count++];
            field->name = at;
            field->value = colon + 1;
            *name_end = '\0';
        }
        for (char *last = end; last > at && (last[-1] == '\n' || last[-1] == '\r'); last--)
            last[-1] = '\0';
        at = end;
    }
}

void mime_originals_read(struct mime_export *export)
{
    const char *text = mime_export_text(export, PR_TRANSPORT_MESSAGE_HEADERS_W);
    struct mime_originals *originals = mime_arena_alloc(&export->arena, sizeof *originals);
    size_t lines = 1, size = text == NULL ? 0 : strlen(text);
    char *copy = mime_arena_text(&export->arena, text, size);

    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    if (copy == NULL || originals == NULL)
        return;
    originals->fields = mime_arena_alloc(&export->arena, lines * sizeof *originals->fields);
    if (originals->fields != NULL)
        split(originals, copy);
    export->originals = originals;
}

const char *mime_original(const struct mime_export *export, const char *name, size_t number)
{
    const struct mime_originals *originals = export->originals;

    for (size_t i = 0; originals != NULL && i < originals->count; i++)
        if (strcasecmp(originals->fields[i].name, name) == 0 && number-- == 0)
            return originals->fields[i].value;
    return NULL;
}

/* The name as the field itself spells it. */
static const char *spelling_of(const struct mime_export *export, const char *value)
{
    size_t i = 0;

    while (export->originals->fields[i].value != value)
        i++;
    return export->originals->fields[i].name;
}

bool mime_original_put(struct mime_export *export, const char *name, const char *text)
{
    const char *value = NULL;

    for (size_t i = 0; value == NULL; i++) {
        const char *read, *original = mime_original(export, name, i);

        if (original == NULL)
            return false;
        read = mime_header_text(export->options, &export->arena, original);
        if (read != NULL && strcmp(read, text) == 0)
            value = original;
    }
    return mime_output_verbatim(export->out, spelling_of(export, value), value);
}

bool mime_original_put_ids(struct mime_export *export, const char *name, const char *ids)
{
    const char *value = mime_original(export, name, 0);
    char *read = value == NULL ? NULL : mime_arena_text(&export->arena, value, strlen(value));

    return read != NULL && strcmp(mime_header_ids(read), ids) == 0 && mime_output_verbatim(export->out, name, value);
}

bool mime_original_put_date(struct mime_export *export, const char *name, int64_t unix_seconds)
{
    const char *value = mime_original(export, name, 0);
    char *date;
    int64_t read;

    if (value == NULL || !mime_header_date(value, &read) || read != unix_seconds)
        return false;
    if (mime_output_verbatim(export->out, name, value))
        return true;
    date = mime_arena_text(&export->arena, value, strcspn(value, "(")); /* a comment beyond ASCII, most likely */
    return date != NULL && mime_header_date(date, &read) && read == unix_seconds &&
           mime_output_verbatim(export->out, name, date);
}

static bool is_same_list(const struct mime_addresses *read, const struct mime_address *items, size_t count)
{
    for (size_t i = 0; i < count && i < read->count; i++)
        if (strcmp(read->items[i].address, items[i].address) != 0 || strcmp(read->items[i].name, items[i].name) != 0)
            return false;
    return true;
}

/* All fields of the name together, or the first alone; `first`: the properties hold only the first of the mailboxes. */
bool mime_original_put_addresses(struct mime_export *export, const char *name, const struct mime_address *items,
                                 size_t count, bool repeats, bool first)
{
    struct mime_addresses read = {NULL, 0, 0};
    const char *value;
    bool same = mime_original(export, name, 0) != NULL;
    size_t fields = 0;

    while ((fields == 0 || repeats) && (value = mime_original(export, name, fields)) != NULL) {
        mime_addresses_parse(&read, &export->arena, export->options, value, 0);
        same = same && mime_output_can_be_verbatim(export->out, value);
        fields++;
    }
    if (read.count == 0 && first && fields != 0) { /* what is no address is a name, to the importer */
        const char *text = mime_header_text(export->options, &export->arena, mime_original(export, name, 0));

        if (text != NULL && *text != '\0')
            mime_addresses_add(&read, &export->arena, text, NULL, 0);
    }
    same =
        same && (first ? read.count >= count && count != 0 : read.count == count) && is_same_list(&read, items, count);
    for (size_t i = 0; i < fields && same; i++)
        mime_output_verbatim(export->out, name, mime_original(export, name, i));
    mime_addresses_clear(&read);
    return same;
}
