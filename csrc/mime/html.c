#include "mime/html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct writer {
    char *text;
    size_t used;
    size_t newlines; /* at the end of what is written so far */
    bool blank;      /* one is due before the next character */
};

static void put(struct writer *writer, const char *bytes, size_t size)
{
    if (writer->blank && writer->newlines == 0 && writer->used != 0)
        writer->text[writer->used++] = ' ';
    writer->blank = false;
    writer->newlines = 0;
    memcpy(writer->text + writer->used, bytes, size);
    writer->used += size;
}

static void end_line(struct writer *writer, size_t most)
{
    if (writer->used != 0 && writer->newlines < most) {
        memcpy(writer->text + writer->used, "\r\n", 2);
        writer->used += 2;
        writer->newlines++;
    }
    writer->blank = false;
}

static bool is_tag(const char *name, size_t size, const char *tag)
{
    return strlen(tag) == size && strncasecmp(name, tag, size) == 0;
}

/* What is between the tags of these elements is no text. Returns where it ends. */
static const char *skip_content(const char *at, const char *end, const char *tag)
{
    size_t size = strlen(tag);

    for (; end - at > (ptrdiff_t)size + 2; at++)
        if (at[0] == '<' && at[1] == '/' && strncasecmp(at + 2, tag, size) == 0)
            return at;
    return end;
}

/* `at` is behind '<'; returns where reading goes on. */
static const char *read_tag(struct writer *writer, const char *at, const char *end)
{
    static const char *const blocks[] = {"p",  "div", "tr", "table", "ul",  "ol",         "li", "h1",  "h2",
                                         "h3", "h4",  "h5", "h6",    "pre", "blockquote", "hr", "body"};
    static const char *const hidden[] = {"script", "style", "title"};
    const char *name = at + (at < end && *at == '/'), *stop;
    size_t size = 0;

    if (end - at >= 3 && memcmp(at, "!--", 3) == 0) {
        stop = memmem(at, (size_t)(end - at), "-->", 3);
        return stop == NULL ? end : stop + 3;
    }
    while (name + size < end &&
           ((name[size] | 32) >= 'a' ? (name[size] | 32) <= 'z' : name[size] >= '0' && name[size] <= '9'))
        size++;
    stop = memchr(at, '>', (size_t)(end - at));
    stop = stop == NULL ? end : stop + 1;
    if (is_tag(name, size, "br"))
        end_line(writer, 2);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (is_tag(name, size, blocks[i]))
            end_line(writer, 1);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0] && *at != '/'; i++)
        if (is_tag(name, size, hidden[i]))
            return skip_content(stop, end, hidden[i]);
    return stop;
}

static size_t encode(unsigned long character, char out[4])
{
    if (character == 0 || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000))
        character = 0xFFFD;
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        out[0] = (char)(0xC0 | character >> 6);
        out[1] = (char)(0x80 | (character & 63));
        return 2;
    }
    if (character < 0x10000) {
        out[0] = (char)(0xE0 | character >> 12);
        out[1] = (char)(0x80 | (character >> 6 & 63));
        out[2] = (char)(0x80 | (character & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | character >> 18);
    out[1] = (char)(0x80 | (character >> 12 & 63));
    out[2] = (char)(0x80 | (character >> 6 & 63));
    out[3] = (char)(0x80 | (character & 63));
    return 4;
}

/* `at` is at '&'; an entity is never shorter than its character in UTF-8. */
static const char *read_entity(struct writer *writer, const char *at, const char *end)
{
    static const struct {
        const char *name;
        unsigned long character;
    } entities[] = {{"amp", '&'},      {"lt", '<'},        {"gt", '>'},       {"quot", '"'},     {"apos", '\''},
                    {"nbsp", ' '},     {"copy", 0xA9},     {"reg", 0xAE},     {"auml", 0xE4},    {"ouml", 0xF6},
                    {"uuml", 0xFC},    {"Auml", 0xC4},     {"Ouml", 0xD6},    {"Uuml", 0xDC},    {"szlig", 0xDF},
                    {"eacute", 0xE9},  {"egrave", 0xE8},   {"agrave", 0xE0},  {"ccedil", 0xE7},  {"ndash", 0x2013},
                    {"mdash", 0x2014}, {"hellip", 0x2026}, {"lsquo", 0x2018}, {"rsquo", 0x2019}, {"ldquo", 0x201C},
                    {"rdquo", 0x201D}, {"euro", 0x20AC},   {"bull", 0x2022}};
    const char *stop = memchr(at, ';', (size_t)(end - at < 12 ? end - at : 12));
    size_t size = stop == NULL ? 0 : (size_t)(stop - at - 1);
    char name[12], utf8[4];

    if (size != 0) {
        memcpy(name, at + 1, size);
        name[size] = '\0';
        if (name[0] == '#' && size > 1) {
            bool hexadecimal = (name[1] | 32) == 'x';
            unsigned long character = strtoul(name + (hexadecimal ? 2 : 1), NULL, hexadecimal ? 16 : 10);

            put(writer, utf8, encode(character, utf8));
            return stop + 1;
        }
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++)
            if (strcmp(entities[i].name, name) == 0) {
                put(writer, utf8, encode(entities[i].character, utf8));
                return stop + 1;
            }
    }
    put(writer, "&", 1);
    return at + 1;
}

char *mime_html_to_text(const char *html, size_t size, size_t *text_size)
{
    const char *at = html, *end = html + size;
    struct writer writer = {malloc(size * 2 + 8), 0, 0, false}; /* a tag of three bytes writes at most five */

    if (writer.text == NULL)
        return NULL;
    while (at < end) {
        if (*at == '<' && at + 1 < end && (at[1] == '/' || at[1] == '!' || (at[1] | 32) >= 'a')) {
            at = read_tag(&writer, at + 1, end);
        } else if (*at == '&') {
            at = read_entity(&writer, at, end);
        } else if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
            writer.blank = true;
            at++;
        } else {
            put(&writer, at++, 1);
        }
    }
    writer.text[writer.used] = '\0';
    *text_size = writer.used;
    return writer.text;
}
