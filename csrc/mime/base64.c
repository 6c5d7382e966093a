#include "mime/base64.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    GMimeFilter parent_object;
    GMimeEncoding encoding;
} MimeBase64Filter;

typedef GMimeFilterClass MimeBase64FilterClass;

/* What GMime is left of a piece, at least: it looks for padding at the end, and takes back what it has put out for it. */
enum { LEFT = 64 };

/* The values of digits; NOT_A_DIGIT for all else. Filled when the class is made. */
enum { NOT_A_DIGIT = 0x80 };

static uint8_t digits[256];

static void fill_digits(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    memset(digits, NOT_A_DIGIT, sizeof digits);
    for (uint8_t i = 0; i < 64; i++)
        digits[(unsigned char)alphabet[i]] = i;
}

/* Decodes groups of four digits, with line ends between them, as far as there are. The last of them is left to GMime, which
 * may want to take back its bytes. Returns how much was read; *out moves behind what was written. */
static size_t decode_groups(const unsigned char *in, size_t size, unsigned char **out)
{
    size_t at = 0, before = 0;
    unsigned char *written = *out, *written_before = written;

    while (size - at > LEFT) {
        uint8_t a, b, c, d;

        a = digits[in[at]];
        b = digits[in[at + 1]];
        c = digits[in[at + 2]];
        d = digits[in[at + 3]];
        if (((a | b | c | d) & NOT_A_DIGIT) != 0) {
            if (in[at] != '\n' && in[at] != '\r')
                break;
            at++;
            continue;
        }
        before = at;
        written_before = written;
        *written++ = (unsigned char)(a << 2 | b >> 4);
        *written++ = (unsigned char)(b << 4 | c >> 2);
        *written++ = (unsigned char)(c << 6 | d);
        at += 4;
    }
    *out = written_before;
    return before;
}

/* Completes a group that a piece has cut, digit by digit. Returns how much was read; where something else is in the way, the
 * group is still open. */
static size_t close_group(GMimeEncoding *encoding, const unsigned char *in, size_t size, unsigned char **out)
{
    size_t at = 0;

    for (; encoding->state != 0 && size - at > LEFT && digits[in[at]] != NOT_A_DIGIT; at++)
        *out += g_mime_encoding_step(encoding, (const char *)in + at, 1, (char *)*out);
    return at;
}

/* The part of a piece that needs no GMime; nothing where that is none of it. */
static size_t decode_fast(GMimeEncoding *encoding, const unsigned char *in, size_t size, unsigned char **out)
{
    GMimeEncoding before = *encoding;
    unsigned char *at = *out;
    size_t closed = close_group(encoding, in, size, &at);
    size_t groups = encoding->state == 0 ? decode_groups(in + closed, size - closed, &at) : 0;

    if (groups == 0) {
        *encoding = before;
        return 0;
    }
    *out = at;
    return closed + groups;
}

static void decode(GMimeFilter *filter, char *in, size_t size, char **out, size_t *out_size, size_t *out_prespace,
                   bool last)
{
    GMimeEncoding *encoding = &((MimeBase64Filter *)(void *)filter)->encoding;
    unsigned char *at;
    size_t done, more;

    g_mime_filter_set_size(filter, g_mime_encoding_outlen(encoding, size), FALSE);
    at = (unsigned char *)filter->outbuf;
    done = decode_fast(encoding, (const unsigned char *)in, size, &at);
    more = last ? g_mime_encoding_flush(encoding, in + done, size - done, (char *)at)
                : g_mime_encoding_step(encoding, in + done, size - done, (char *)at);
    *out = filter->outbuf;
    *out_size = (size_t)(at - (unsigned char *)filter->outbuf) + more;
    *out_prespace = filter->outpre;
}

static void filter_filter(GMimeFilter *filter, char *in, size_t size, size_t prespace, char **out, size_t *out_size,
                          size_t *out_prespace)
{
    (void)prespace;
    decode(filter, in, size, out, out_size, out_prespace, false);
}

static void filter_complete(GMimeFilter *filter, char *in, size_t size, size_t prespace, char **out, size_t *out_size,
                            size_t *out_prespace)
{
    (void)prespace;
    decode(filter, in, size, out, out_size, out_prespace, true);
}

static void filter_reset(GMimeFilter *filter)
{
    g_mime_encoding_reset(&((MimeBase64Filter *)(void *)filter)->encoding);
}

static GMimeFilter *filter_copy(GMimeFilter *filter)
{
    (void)filter;
    return mime_base64_decoder();
}

static void class_init(gpointer class, gpointer data)
{
    GMimeFilterClass *filter = class;

    (void)data;
    fill_digits();
    filter->copy = filter_copy;
    filter->filter = filter_filter;
    filter->complete = filter_complete;
    filter->reset = filter_reset;
}

static GType filter_type(void)
{
    static gsize type = 0;

    if (g_once_init_enter(&type)) {
        GType made =
            g_type_register_static_simple(GMIME_TYPE_FILTER, "LuaMapiBase64Filter", sizeof(MimeBase64FilterClass),
                                          class_init, sizeof(MimeBase64Filter), NULL, (GTypeFlags)0);
        g_once_init_leave(&type, made);
    }
    return type;
}

GMimeFilter *mime_base64_decoder(void)
{
    MimeBase64Filter *made = g_object_new(filter_type(), NULL);

    g_mime_encoding_init_decode(&made->encoding, GMIME_CONTENT_ENCODING_BASE64);
    return &made->parent_object;
}
