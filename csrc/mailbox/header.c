#include "mailbox/header.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINE_LOOK = 256 };

static bool is_field(const unsigned char *line, size_t size, const char *name)
{
    size_t length = strlen(name);

    return size > length && line[length] == ':' && strncasecmp((const char *)line, name, length) == 0;
}

enum field_kind field_kind(const unsigned char *line, size_t size)
{
    static const char *const mailbox[] = {"Status", "X-Status", "X-Mozilla-Status", "X-Mozilla-Status2",
                                          "Content-Length"};
    static const char *const changing[] = {"Lines", "X-Keywords", "X-Mozilla-Keys"};

    if (size == 0 || strchr("sSxXcClL", *line) == NULL)
        return FIELD_ORDINARY;
    for (size_t i = 0; i < sizeof mailbox / sizeof mailbox[0]; i++)
        if (is_field(line, size, mailbox[i]))
            return FIELD_OF_MAILBOX;
    for (size_t i = 0; i < sizeof changing / sizeof changing[0]; i++)
        if (is_field(line, size, changing[i]))
            return FIELD_CHANGING;
    return FIELD_ORDINARY;
}

bool is_envelope_line(const unsigned char *line, size_t size)
{
    while (size > 0 && *line == '>') {
        line++;
        size--;
    }
    if (size < 5 || memcmp(line, "From ", 5) != 0)
        return false;
    for (line += 5, size -= 5; size > 0 && (*line == ' ' || *line == '\t'); size--)
        line++;
    return size == 0 || *line != ':'; /* "From : somebody" is a field, in the syntax that mail had long ago */
}

static bool has(const char *letters, char lower, char upper)
{
    return strchr(letters, lower) != NULL || strchr(letters, upper) != NULL;
}

/* What mutt, Pine and Dovecot write: R was read; A answered, F flagged, T draft, D deleted. */
static unsigned flags_of_letters(const char *value)
{
    return (has(value, 'r', 'R') ? (unsigned)MAIL_READ : 0) | (has(value, 'a', 'A') ? (unsigned)MAIL_REPLIED : 0) |
           (has(value, 'f', 'F') ? (unsigned)MAIL_FLAGGED : 0) | (has(value, 't', 'T') ? (unsigned)MAIL_DRAFT : 0) |
           (has(value, 'd', 'D') ? (unsigned)MAIL_DELETED : 0);
}

/* What Thunderbird writes, in hexadecimal. */
static unsigned flags_of_number(const char *value)
{
    unsigned long number = strtoul(value, NULL, 16);

    return ((number & 0x0001) != 0 ? (unsigned)MAIL_READ : 0) | ((number & 0x0002) != 0 ? (unsigned)MAIL_REPLIED : 0) |
           ((number & 0x0004) != 0 ? (unsigned)MAIL_FLAGGED : 0) |
           ((number & 0x0008) != 0 ? (unsigned)MAIL_DELETED : 0) |
           ((number & 0x1000) != 0 ? (unsigned)MAIL_FORWARDED : 0);
}

/* A length that is a plain number. */
static void read_length(const char *value, struct header *header)
{
    uint64_t length = 0;
    size_t digits = strspn(value, "0123456789");

    if (digits == 0 || digits > 18 || value[digits + strspn(value + digits, " \t\r")] != '\0')
        return;
    for (size_t i = 0; i < digits; i++)
        length = length * 10 + (uint64_t)(value[i] - '0');
    header->has_length = true;
    header->content_length = length;
}

static void read_field(const unsigned char *line, size_t size, struct header *header)
{
    char value[LINE_LOOK + 1];
    size_t name = 0, blanks;

    while (name < size && line[name] != ':')
        name++;
    if (name == size)
        return;
    blanks = name + 1;
    while (blanks < size && (line[blanks] == ' ' || line[blanks] == '\t'))
        blanks++;
    memcpy(value, line + blanks, size - blanks);
    value[size - blanks] = '\0';
    if (is_field(line, size, "Status") || is_field(line, size, "X-Status"))
        header->flags |= flags_of_letters(value);
    else if (is_field(line, size, "X-Mozilla-Status"))
        header->flags |= flags_of_number(value);
    else if (is_field(line, size, "Content-Length"))
        read_length(value, header);
}

/* Moves *at behind the next LF, or to the end. */
static HRESULT skip_line(struct input *input, uint64_t *at, uint64_t end)
{
    const unsigned char *bytes, *lf = NULL;
    size_t available;
    HRESULT hr = S_OK;

    while (SUCCEEDED(hr) && *at < end && lf == NULL) {
        hr = input_peek(input, *at, 1, end, &bytes, &available);
        if (FAILED(hr))
            break;
        lf = memchr(bytes, '\n', available);
        *at += lf != NULL ? (uint64_t)(lf - bytes) + 1 : available;
    }
    return hr;
}

HRESULT header_read(struct input *input, uint64_t start, uint64_t end, struct header *header)
{
    uint64_t at = start;
    HRESULT hr = S_OK;

    memset(header, 0, sizeof *header);
    while (at < end) {
        const unsigned char *line, *lf;
        size_t available, size;

        hr = input_peek(input, at, LINE_LOOK, end, &line, &available);
        if (FAILED(hr))
            return hr;
        size = available < LINE_LOOK ? available : LINE_LOOK;
        lf = memchr(line, '\n', size);
        if (*line == '\n' || (size >= 2 && *line == '\r' && line[1] == '\n')) {
            at += *line == '\n' ? 1 : 2;
            break;
        }
        size = lf != NULL ? (size_t)(lf - line) : size;
        switch (field_kind(line, size)) {
        case FIELD_OF_MAILBOX:
            header->of_mailbox = true;
            read_field(line, size, header);
            break;
        case FIELD_CHANGING:
            header->changing = true;
            break;
        case FIELD_ORDINARY:
            header->received = header->received || is_field(line, size, "Received");
            header->of_mailbox = header->of_mailbox || is_envelope_line(line, size);
        }
        if (lf != NULL)
            at += size + 1;
        else
            hr = skip_line(input, &at, end);
        if (FAILED(hr))
            return hr;
    }
    header->end = at;
    return hr;
}
