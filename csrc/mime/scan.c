#include "mime/scan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>

enum {
    LINE_KEPT = 1024,       /* longer header lines make the scan count every line that could be a boundary */
    BOUNDARIES_KEPT = 1024, /* distinct ones, likewise; a power of two */
    BOUNDARY_KEPT = 256,
    FIRST_SLOTS = 16,
};

/* The parser compares every line that begins with two hyphens with all open boundaries. */
static const uint64_t most_comparisons = 200u * 1000 * 1000;

struct boundary {
    uint16_t size;
    char text[BOUNDARY_KEPT];
};

struct boundaries {
    struct boundary *slots; /* at most half of them are used */
    size_t capacity;        /* 0, or a power of two */
    size_t count;
    bool any; /* some boundary could not be read here: each line "--..." may be one */
};

struct scanner {
    struct mime_scan *scan;
    struct boundaries boundaries;
    char line[LINE_KEPT];
    size_t kept;              /* bytes of the line in `line`, its end of line not among them */
    uint64_t line_at, length; /* of the whole line, its end included */
    bool in_headers, outer;
    uint64_t field_at;
    size_t line_colons, colons; /* of the line, of the address field */
    bool in_addresses;
    bool in_content_type, awaits_type; /* within that field; its value has not begun yet */
    bool names_message, names_type;    /* the block: its content has headers of its own; it has a Content-Type */
    bool digest;                       /* a part without a type may be a message from here on */
    uint64_t block_at, block_size;
    uint64_t header_lines, parts, comparisons;
    uint64_t part_at; /* where the last boundary was */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Boundaries ---------------------------------------------------------------------------------------------------- */

static struct boundary *slot_of(const struct boundaries *set, const char *text, size_t size)
{
    uint32_t hash = 2166136261u;
    size_t at;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    for (at = hash & (set->capacity - 1); set->slots[at].size != 0; at = (at + 1) & (set->capacity - 1))
        if (set->slots[at].size == size && memcmp(set->slots[at].text, text, size) == 0)
            break;
    return &set->slots[at];
}

/* Room for one more; without memory for it there is none. */
static bool reserve(struct boundaries *set)
{
    struct boundaries grown = {NULL, set->capacity == 0 ? FIRST_SLOTS : 2 * set->capacity, set->count, false};

    if (set->count * 2 < set->capacity)
        return true;
    grown.slots = set->count == BOUNDARIES_KEPT ? NULL : calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slots[i].size != 0)
            *slot_of(&grown, set->slots[i].text, set->slots[i].size) = set->slots[i];
    free(set->slots);
    *set = grown;
    return true;
}

static void add_boundary(struct boundaries *set, const char *text, size_t size)
{
    struct boundary *slot;

    while (size != 0 && is_blank(text[size - 1]))
        size--;
    if (set->any || size == 0 || size >= BOUNDARY_KEPT || memchr(text, '\\', size) != NULL ||
        memmem(text, size, "=?", 2) != NULL || !reserve(set)) {
        set->any = true;
        return;
    }
    slot = slot_of(set, text, size);
    if (slot->size == 0) {
        slot->size = (uint16_t)size;
        memcpy(slot->text, text, size);
        set->count++;
    }
}

static bool known_boundary(const struct boundaries *set, const char *text, size_t size)
{
    while (size != 0 && is_blank(text[size - 1]))
        size--;
    if (set->any)
        return true;
    return size != 0 && size < BOUNDARY_KEPT && set->count != 0 && slot_of(set, text, size)->size != 0;
}

/* Reads the value after "boundary"; whatever is not plainly `=token` or `="text"` makes every line a candidate. */
static void read_boundary(struct boundaries *set, const char *at, const char *end)
{
    const char *stop;

    while (at < end && is_blank(*at))
        at++;
    if (at == end || *at++ != '=') {
        set->any = true;
        return;
    }
    while (at < end && is_blank(*at))
        at++;
    if (at < end && *at == '"') {
        at++;
        stop = memchr(at, '"', (size_t)(end - at));
        if (stop == NULL)
            set->any = true;
        else
            add_boundary(set, at, (size_t)(stop - at));
        return;
    }
    stop = at < end ? memchr(at, ';', (size_t)(end - at)) : NULL;
    if (stop == NULL)
        stop = end;
    add_boundary(set, at, (size_t)(stop - at));
    for (const char *token = at; token < stop; token++) /* parsers differ on blanks and comments within */
        if (is_blank(*token) || *token == '(') {
            if (token > at)
                add_boundary(set, at, (size_t)(token - at));
            else
                set->any = true;
            break;
        }
}

static const char *find_word(const char *text, size_t size, const char *word)
{
    size_t length = strlen(word);

    for (size_t i = 0; i + length <= size; i++)
        if (strncasecmp(text + i, word, length) == 0)
            return text + i;
    return NULL;
}

/* Lines --------------------------------------------------------------------------------------------------------- */

/* Counted while the bytes pass by, for only the beginning of a line is kept. */
static void count_colons(struct scanner *scanner, const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;

    while ((bytes = memchr(bytes, ':', (size_t)(end - bytes))) != NULL) {
        scanner->line_colons++;
        bytes++;
    }
}

/* The next line: false at the end of the source or where reading failed. */
static bool next_line(struct mime_source *source, struct scanner *scanner)
{
    uint64_t at = scanner->line_at + scanner->length;
    const unsigned char *bytes, *newline = NULL;
    size_t available;

    scanner->line_at = at;
    scanner->length = 0;
    scanner->kept = 0;
    scanner->line_colons = 0;
    while (newline == NULL && (bytes = mime_source_peek(source, at, &available)) != NULL) {
        size_t room = LINE_KEPT - scanner->kept, size;

        newline = memchr(bytes, '\n', available);
        size = newline != NULL ? (size_t)(newline - bytes) : available;
        if (scanner->in_headers)
            count_colons(scanner, bytes, size);
        memcpy(scanner->line + scanner->kept, bytes, size < room ? size : room);
        scanner->kept += size < room ? size : room;
        at += size + (newline != NULL);
    }
    scanner->length = at - scanner->line_at;
    if (scanner->kept != 0 && scanner->kept < LINE_KEPT && scanner->line[scanner->kept - 1] == '\r')
        scanner->kept--;
    return scanner->length != 0;
}

/* Whether the line can be a header field, as the parser decides it: a name without controls, blanks only before ':'. */
static bool looks_like_field(const char *line, size_t size)
{
    size_t i = 0;

    while (i < size && (unsigned char)line[i] > ' ' && line[i] != 127 && line[i] != ':')
        i++;
    if (i == 0)
        return false;
    while (i < size && is_blank(line[i]))
        i++;
    return i < size && line[i] == ':';
}

static bool is_mbox_line(const char *line, size_t size)
{
    return (size >= 5 && memcmp(line, "From ", 5) == 0) || (size >= 6 && memcmp(line, ">From ", 6) == 0);
}

static void begin_block(struct scanner *scanner, uint64_t at)
{
    scanner->in_headers = true;
    scanner->names_message = scanner->names_type = scanner->in_content_type = false;
    scanner->block_at = at;
    scanner->block_size = 0;
}

static void end_block(struct scanner *scanner)
{
    bool again = scanner->names_message || (scanner->digest && !scanner->names_type && !scanner->outer);

    if (scanner->outer)
        scanner->scan->header_end = scanner->line_at + scanner->length;
    scanner->outer = false;
    scanner->in_headers = false;
    if (again) {
        scanner->parts++;
        begin_block(scanner, scanner->line_at + scanner->length);
        scanner->names_type = true;
    }
}

static bool cut(struct scanner *scanner, uint64_t at, const char *beyond)
{
    scanner->scan->cutoff = at;
    scanner->scan->beyond = beyond;
    return false;
}

/* Fields that the parser itself reads as addresses while it builds the message. */
static bool is_address_field(const char *line, size_t size)
{
    static const char *const names[] = {"From", "Sender", "Reply-To", "To", "Cc", "Bcc"};

    if (size == 0 || strchr("FfSsRrTtCcBb", *line) == NULL)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        size_t length = strlen(names[i]);

        if (size > length && strncasecmp(line, names[i], length) == 0 && strchr(": \t", line[length]) != NULL)
            return true;
    }
    return false;
}

static bool hide_field(struct scanner *scanner)
{
    struct mime_scan *scan = scanner->scan;

    if (scan->hidden_count == MIME_SOURCE_RENAMED)
        return false;
    scan->hidden[scan->hidden_count++] = scanner->field_at;
    return true;
}

static void begin_field(struct scanner *scanner)
{
    scanner->field_at = scanner->line_at;
    scanner->in_addresses = is_address_field(scanner->line, scanner->kept);
    scanner->colons = 0;
    scanner->in_content_type = scanner->kept > 12 && strncasecmp(scanner->line, "Content-Type", 12) == 0;
    if (scanner->in_content_type && scanner->outer && scanner->names_type && strchr(": \t", scanner->line[12]) != NULL)
        hide_field(scanner);
    if (scanner->in_content_type)
        scanner->names_type = scanner->awaits_type = true;
}

/* One line of a Content-Type field: is its content a message, or a digest, and which boundaries does it name? */
static void scan_content_type(struct scanner *scanner)
{
    const char *at = scanner->line, *end = at + scanner->kept, *colon;

    if (!is_blank(*at) && (colon = memchr(at, ':', scanner->kept)) != NULL)
        at = colon + 1;
    while (at < end && is_blank(*at))
        at++;
    if (scanner->awaits_type && at < end) {
        scanner->awaits_type = false;
        if (*at == '(' || find_word(at, end - at < 7 ? (size_t)(end - at) : 7, "message") == at)
            scanner->names_message = true;
        if (find_word(at, end - at < 32 ? (size_t)(end - at) : 32, "digest") != NULL)
            scanner->digest = true;
    }
    if (scanner->kept == LINE_KEPT)
        scanner->boundaries.any = true;
    while ((at = find_word(at, (size_t)(end - at), "boundary")) != NULL) {
        at += strlen("boundary");
        read_boundary(&scanner->boundaries, at, end);
    }
}

/* One line of a header block; false where a limit was reached. */
static bool scan_header_line(struct scanner *scanner)
{
    scanner->header_lines++;
    scanner->block_size += scanner->length;
    if (scanner->block_size > MIME_MAX_HEADER_BLOCK)
        return cut(scanner, scanner->block_at, "a header block of 1 MB");
    if (scanner->header_lines > MIME_MAX_HEADER_LINES)
        return cut(scanner, scanner->block_at, "400,000 header lines");
    if (scanner->kept == 0 || (scanner->kept == 1 && scanner->line[0] == '\r')) {
        end_block(scanner);
        return true;
    }
    if (!is_blank(scanner->line[0]))
        begin_field(scanner);
    if (scanner->in_content_type)
        scan_content_type(scanner);
    scanner->colons += scanner->line_colons;
    if (scanner->in_addresses && scanner->colons > MIME_MAX_COLONS) {
        scanner->in_addresses = false;
        if (!scanner->outer || !hide_field(scanner))
            return cut(scanner, scanner->block_at, "400 groups of addresses");
    }
    return true;
}

/* A line that begins with two hyphens; false where a limit was reached. */
static bool scan_hyphens(struct scanner *scanner)
{
    const char *text = scanner->line + 2;
    size_t size = scanner->kept - 2;

    scanner->comparisons += scanner->boundaries.count;
    if (scanner->comparisons > most_comparisons)
        return cut(scanner, scanner->line_at, "200 million boundary comparisons");
    if (known_boundary(&scanner->boundaries, text, size)) {
        scanner->part_at = scanner->line_at;
        if (++scanner->parts > MIME_MAX_PARTS)
            return cut(scanner, scanner->line_at, "20,000 parts");
        begin_block(scanner, scanner->line_at);
        scanner->outer = false;
    }
    return true;
}

static bool scan_line(struct scanner *scanner)
{
    bool hyphens = scanner->kept >= 2 && scanner->line[0] == '-' && scanner->line[1] == '-';

    if (hyphens && !scan_hyphens(scanner))
        return false;
    if (scanner->line_at + scanner->length - scanner->part_at > MIME_MAX_PART)
        return cut(scanner, scanner->line_at, "2 GB in one part");
    if (scanner->in_headers && !(hyphens && scanner->block_at == scanner->line_at))
        return scan_header_line(scanner);
    return true;
}

HRESULT
mime_scan_source(struct mime_source *source, struct mime_scan *scan)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    bool first = true, within = true;

    memset(scan, 0, sizeof *scan);
    scan->cutoff = source->size;
    if (scanner == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    scanner->scan = scan;
    scanner->outer = true;
    begin_block(scanner, 0);
    while (within && next_line(source, scanner)) {
        if (first && !is_mbox_line(scanner->line, scanner->kept)) {
            first = false;
            if (scanner->kept != 0 && !looks_like_field(scanner->line, scanner->kept)) {
                scan->headless = true;
                break;
            }
        }
        within = scan_line(scanner);
    }
    if (scanner->outer && within && !scan->headless)
        scan->header_end = source->size;
    within = within || scan->cutoff != 0;
    free(scanner->boundaries.slots);
    free(scanner);
    if (FAILED(source->failure))
        return source->failure;
    return within ? S_OK : MAPI_E_TOO_BIG;
}
