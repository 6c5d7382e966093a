#include "mime/import_calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapiguid.h>
#include <mapitags.h>

#include "mime/text.h"

enum {
    MOST_BYTES = 1024 * 1024,
    LID_LOCATION = 0x8208,
    LID_START_WHOLE = 0x820D,
    LID_END_WHOLE = 0x820E,
};

/* Takes the folds out, in place: a line end and the blank behind it. */
static void unfold(char *text)
{
    char *out = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\r')
            continue;
        if (*at == '\n' && (at[1] == ' ' || at[1] == '\t'))
            at++;
        else
            *out++ = *at;
    }
    *out = '\0';
}

/* The line of a property that follows `text`, or NULL; *value is behind the colon, *end at the line's end. */
static const char *line_of(const char *text, const char *name, const char **value, const char **end)
{
    size_t size = strlen(name);

    while (text != NULL && *text != '\0') {
        const char *stop = text + strcspn(text, "\n"), *colon = memchr(text, ':', (size_t)(stop - text));

        if (strncasecmp(text, name, size) == 0 && (text[size] == ':' || text[size] == ';') && colon != NULL) {
            *value = colon + 1;
            *end = stop;
            return text;
        }
        text = *stop == '\0' ? NULL : stop + 1;
    }
    return NULL;
}

static char *value_of(struct mime_draft *draft, const char *text, const char *name)
{
    const char *value, *end;
    char *copy, *out;

    if (line_of(text, name, &value, &end) == NULL)
        return NULL;
    out = copy = mime_arena_text(&draft->arena, value, (size_t)(end - value));
    for (const char *at = copy; at != NULL && *at != '\0'; at++) { /* \, \; \\ and \n */
        if (*at == '\\' && at[1] != '\0')
            *out++ = (char)(*++at == 'n' || *at == 'N' ? ' ' : *at);
        else
            *out++ = *at;
    }
    if (copy != NULL)
        *out = '\0';
    return copy;
}

/* "20231114T221320Z"; a day alone begins at midnight. */
static bool time_of(struct mime_draft *draft, const char *text, const char *name, int64_t *seconds)
{
    const char *value = value_of(draft, text, name);
    int year, month, day, hour = 0, minute = 0, second = 0, fields;
    char zone = '\0';
    GDateTime *date;

    fields =
        value == NULL ? 0 : sscanf(value, "%4d%2d%2dT%2d%2d%2d%c", &year, &month, &day, &hour, &minute, &second, &zone);
    if (fields != 3 && (fields != 7 || zone != 'Z'))
        return false;
    date = g_date_time_new_utc(year, month, day, hour, minute, second);
    if (date == NULL)
        return false;
    *seconds = g_date_time_to_unix(date);
    g_date_time_unref(date);
    return true;
}

static void draft_time(struct mime_draft *draft, struct mime_names *names, const char *event, const char *name,
                       ULONG tag, ULONG lid)
{
    SPropValue *value;
    int64_t seconds;

    if (!time_of(draft, event, name, &seconds))
        return;
    mime_draft_time(draft, tag, seconds);
    value = mime_names_add_number(names, &PSETID_Appointment, lid, PT_SYSTIME);
    if (value != NULL)
        value->Value.ft = mime_filetime(seconds);
}

static const char *class_of(const char *method, const char *event)
{
    const char *value, *end, *attendee = line_of(event, "ATTENDEE", &value, &end);

    if (method == NULL)
        return NULL;
    if (strcasecmp(method, "REQUEST") == 0)
        return "IPM.Schedule.Meeting.Request";
    if (strcasecmp(method, "CANCEL") == 0)
        return "IPM.Schedule.Meeting.Canceled";
    if (strcasecmp(method, "REPLY") != 0 || attendee == NULL)
        return NULL;
    if (memmem(attendee, (size_t)(end - attendee), "PARTSTAT=ACCEPTED", 17) != NULL)
        return "IPM.Schedule.Meeting.Resp.Pos";
    if (memmem(attendee, (size_t)(end - attendee), "PARTSTAT=DECLINED", 17) != NULL)
        return "IPM.Schedule.Meeting.Resp.Neg";
    return "IPM.Schedule.Meeting.Resp.Tent";
}

const char *mime_import_calendar(struct mime_import *import, GMimeObject *part, struct mime_draft *draft,
                                 struct mime_names *names)
{
    const char *charset = g_mime_object_get_content_type_parameter(part, "charset"), *class, *event, *location;
    GMimeStream *stream = mime_import_content(part);
    struct mime_charset used;
    unsigned char *bytes = NULL;
    char *text = NULL;
    size_t size = 0;
    SPropValue *value;

    if (stream == NULL)
        return NULL;
    if (FAILED(mime_import_read_all(import->source, stream, &bytes, &size)) || size > MOST_BYTES ||
        FAILED(mime_charset_choose(charset == NULL ? "utf-8" : charset, bytes, size, &used)) ||
        FAILED(mime_charset_to_utf8(&used, bytes, size, &text, &size)))
        draft->arena.failed = draft->arena.failed || size <= MOST_BYTES;
    g_object_unref(stream);
    free(bytes);
    if (text == NULL)
        return NULL;
    unfold(text);
    event = strstr(text, "BEGIN:VEVENT");
    class = event == NULL ? NULL : class_of(value_of(draft, text, "METHOD"), event);
    if (class != NULL) {
        draft_time(draft, names, event, "DTSTART", PR_START_DATE, LID_START_WHOLE);
        draft_time(draft, names, event, "DTEND", PR_END_DATE, LID_END_WHOLE);
        location = value_of(draft, event, "LOCATION");
        value = location == NULL ? NULL : mime_names_add_number(names, &PSETID_Appointment, LID_LOCATION, PT_UNICODE);
        if (value != NULL)
            value->Value.lpszW = mime_text_wide(&draft->arena, location, strlen(location));
    }
    free(text);
    return class;
}
