#include "mime/base64.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    GMimeFilter parent_object;
    GMimeEncoding encoding;
} MimeBase64Filter;

typedef GMimeFilterClass MimeBase64FilterClass;

/* What GMime is left of a piece, at least: it looks for padding at the end, and takes back what it has put out for it. */
enum { LEFT = 64 };

/* The value of a digit, or 0x80. */
static uint8_t digit_of(unsigned char c)
{
    static const uint8_t from_plus[] = {
        62,   0x80, 0x80, 0x80, 63, 52, 53, 54, 55,   56,   57,   58,   59,   60,   61, 0x80, 0x80, 0x80, 0x80, 0x80,
        0x80, 0x80, 0,    1,    2,  3,  4,  5,  6,    7,    8,    9,    10,   11,   12, 13,   14,   15,   16,   17,
        18,   19,   20,   21,   22, 23, 24, 25, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 26, 27,   28,   29,   30,   31,
        32,   33,   34,   35,   36, 37, 38, 39, 40,   41,   42,   43,   44,   45,   46, 47,   48,   49,   50,   51,
    };
    unsigned place = (unsigned)c - '+';

    return place < sizeof from_plus ? from_plus[place] : 0x80;
}

/* Decodes groups of four digits, with line ends between them, as far as there are. The last of them is left to GMime, which
 * may want to take back its bytes. Returns how much was read; *out moves behind what was written. */
static size_t decode_groups(const unsigned char *in, size_t size, unsigned char **out)
{
    size_t at = 0, before = 0;
    unsigned char *written = *out, *written_before = written;

    while (size - at > LEFT) {
        uint8_t a, b, c, d;

        if (in[at] == '\n' || in[at] == '\r') {
            at++;
            continue;
        }
        a = digit_of(in[at]);
        b = digit_of(in[at + 1]);
        c = digit_of(in[at + 2]);
        d = digit_of(in[at + 3]);
        if (((a | b | c | d) & 0x80) != 0)
            break;
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

static void decode(GMimeFilter *filter, char *in, size_t size, char **out, size_t *out_size, size_t *out_prespace,
                   bool last)
{
    GMimeEncoding *encoding = &((MimeBase64Filter *)(void *)filter)->encoding;
    unsigned char *at;
    size_t done = 0, more;

    g_mime_filter_set_size(filter, g_mime_encoding_outlen(encoding, size), FALSE);
    at = (unsigned char *)filter->outbuf;
    if (encoding->state == 0)
        done = decode_groups((const unsigned char *)in, size, &at);
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
