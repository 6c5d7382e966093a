#include "mime/outline.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mime/scan.h"

/* Writing ------------------------------------------------------------------------------------------------------- */

static void put(struct mime_outline *outline, const char *bytes, size_t size)
{
    if (outline->capacity - outline->size < size) {
        size_t capacity = 2 * outline->capacity + size + 256;
        char *text = outline->failed ? NULL : realloc(outline->text, capacity);

        if (text == NULL) {
            outline->failed = true;
            return;
        }
        outline->text = text;
        outline->capacity = capacity;
    }
    memcpy(outline->text + outline->size, bytes, size);
    outline->size += size;
}

static void put_escaped(struct mime_outline *outline, const char *text)
{
    while (*text != '\0') {
        size_t plain = strcspn(text, "\\\r\n");

        put(outline, text, plain);
        text += plain;
        if (*text != '\0') {
            put(outline, *text == '\n' ? "\\n" : *text == '\r' ? "\\r" : "\\\\", 2);
            text++;
        }
    }
}

void mime_outline_line(struct mime_outline *outline, char what, const char *text)
{
    put(outline, &what, 1);
    put_escaped(outline, text);
    put(outline, "\n", 1);
}

void mime_outline_field(struct mime_outline *outline, const char *name, const char *value)
{
    put(outline, "F", 1);
    put_escaped(outline, name);
    put(outline, ":", 1);
    while (*value != '\0') { /* a fold is only a line end: the blanks behind it stay */
        size_t plain = strcspn(value, "\r\n");
        char piece[2] = "";

        for (size_t i = 0; i < plain; i++) {
            piece[0] = value[i];
            put_escaped(outline, piece);
        }
        value += plain;
        value += strspn(value, "\r\n");
    }
    put(outline, "\n", 1);
}

void mime_outline_charset(struct mime_outline *outline, const struct mime_charset *charset)
{
    put(outline, "C", 1);
    put_escaped(outline, charset->name);
    if (charset->reversible)
        put(outline, "!", 1);
    if (charset->japanese_yen)
        put(outline, "~", 1);
    put(outline, "\n", 1);
}

/* Reading ------------------------------------------------------------------------------------------------------- */

struct reader {
    struct mime_arena *arena;
    char *at; /* the next line; NUL-terminated text that is cut into lines */
};

static char *unescape(char *text)
{
    char *out = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
            *out++ = (char)(*at == 'n' ? '\n' : *at == 'r' ? '\r' : *at);
        } else {
            *out++ = *at;
        }
    }
    *out = '\0';
    return text;
}

/* The line's first character, or NUL at the end; *text is what follows it. */
static char next(struct reader *reader, char **text)
{
    char *line = reader->at, *end = strchr(line, '\n');

    if (end == NULL)
        return '\0';
    *end = '\0';
    reader->at = end + 1;
    if (*line == '\0')
        return '\0';
    *text = unescape(line + 1);
    return *line;
}

static bool is_detail(char what)
{
    return what != '\0' && strchr("FPEC", what) != NULL;
}

static void read_details(struct reader *reader, struct mime_outline_node *node)
{
    size_t lines = 0;
    char *text;

    for (const char *at = reader->at; is_detail(*at); at = strchr(at, '\n') == NULL ? "" : strchr(at, '\n') + 1)
        lines++;
    node->fields = mime_arena_alloc(reader->arena, (lines + 1) * sizeof *node->fields);
    while (node->fields != NULL && is_detail(*reader->at)) {
        switch (next(reader, &text)) {
        case 'F':
            node->fields[node->field_count++] = text;
            break;
        case 'P':
            node->before = text;
            break;
        case 'E':
            node->behind = text;
            break;
        case 'C':
            node->charset = text;
            break;
        default:
            return;
        }
    }
}

static struct mime_outline_node *read_node(struct reader *reader, unsigned depth)
{
    struct mime_outline_node *node, **link;
    char *text = NULL, what = next(reader, &text);

    if ((what != '(' && what != 't' && what != 'h' && what != 'a') || depth > MIME_MAX_DEPTH + 1)
        return NULL;
    node = mime_arena_alloc(reader->arena, sizeof *node);
    if (node == NULL)
        return NULL;
    node->what = what;
    node->number = what == 'a' ? strtoul(text, NULL, 10) : 0;
    read_details(reader, node);
    link = &node->children;
    while (what == '(' && *reader->at != ')') {
        *link = read_node(reader, depth + 1);
        if (*link == NULL)
            return NULL;
        link = &(*link)->next;
    }
    if (what == '(')
        next(reader, &text);
    return node;
}

struct mime_outline_node *mime_outline_read(struct mime_arena *arena, const char *text, size_t size)
{
    struct reader reader = {arena, mime_arena_text(arena, text, size)};

    return reader.at == NULL ? NULL : read_node(&reader, 0);
}

size_t mime_outline_count(const struct mime_outline_node *node, char what)
{
    size_t count = 0;

    for (; node != NULL; node = node->next)
        count += (node->what == what) + mime_outline_count(node->children, what);
    return count;
}

const char *mime_outline_get(const struct mime_outline_node *node, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < node->field_count; i++)
        if (strncasecmp(node->fields[i], name, size) == 0 && node->fields[i][size] == ':')
            return node->fields[i] + size + 1;
    return NULL;
}
