#include "mime/header.h"

#include <string.h>

#include "mime/text.h"
#include "mime/words.h"

const char *mime_header_raw(GMimeObject *part, const char *name)
{
    GMimeHeader *header = g_mime_header_list_get_header(g_mime_object_get_header_list(part), name);

    return header == NULL ? NULL : g_mime_header_get_raw_value(header);
}

char *mime_header_text(GMimeParserOptions *options, struct mime_arena *arena, const char *raw)
{
    const char *joined = mime_words_join(arena, raw);
    char *unfolded = g_mime_utils_header_unfold(joined == NULL ? "" : joined);
    /* Most fields have nothing to decode, and it takes five times as long as the rest. */
    bool plain = mime_text_is_ascii(unfolded, strlen(unfolded)) && strstr(unfolded, "=?") == NULL;
    char *decoded = plain ? NULL : g_mime_utils_header_decode_text(options, unfolded);
    const char *start = plain ? unfolded : decoded;
    size_t size;
    char *copy;

    while (*start == ' ' || *start == '\t' || *start == '\r' || *start == '\n')
        start++;
    size = strlen(start);
    while (size != 0 && strchr(" \t\r\n", start[size - 1]) != NULL)
        size--;
    copy = mime_arena_text(arena, start, size);
    for (char *at = copy; at != NULL && *at != '\0'; at++) /* encoded words may hide line ends */
        if (*at == '\r' || *at == '\n')
            *at = ' ';
    g_free(decoded);
    g_free(unfolded);
    return copy;
}

char *mime_header_ids(char *text)
{
    char *out = text;

    for (const char *at = text + strspn(text, " \t\r\n"); *at != '\0';) {
        size_t size = strcspn(at, " \t\r\n"), blanks = strspn(at + size, " \t\r\n");

        memmove(out, at, size);
        out += size;
        at += size + blanks;
        if (*at != '\0')
            *out++ = ' ';
    }
    *out = '\0';
    return text;
}

bool mime_header_date(const char *raw, int64_t *unix_seconds)
{
    GDateTime *date;

    raw += strspn(raw, " \t\r\n");
    date = *raw == '\0' ? NULL : g_mime_utils_header_decode_date(raw);
    if (date == NULL)
        return false;
    *unix_seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return true;
}

/* One parameter of either field. A name written as a row of encoded words GMime reads only in part. */
static const char *parameter(GMimeParserOptions *options, struct mime_arena *arena, const char *raw, const char *name)
{
    const char *joined = raw == NULL ? NULL : mime_words_join(arena, raw), *value;
    GMimeContentDisposition *parsed = joined == NULL ? NULL : g_mime_content_disposition_parse(options, joined);
    char *copy = NULL;

    if (parsed == NULL)
        return NULL;
    value = g_mime_content_disposition_get_parameter(parsed, name);
    if (value != NULL && *value != '\0')
        copy = mime_arena_text(arena, value, strlen(value));
    g_object_unref(parsed);
    return copy;
}

const char *mime_header_part_name(GMimeParserOptions *options, struct mime_arena *arena, const char *disposition,
                                  const char *type)
{
    const char *name = parameter(options, arena, disposition, "filename");

    return name != NULL ? name : parameter(options, arena, type, "name");
}
