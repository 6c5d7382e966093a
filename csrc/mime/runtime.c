#include "mime/runtime.h"

#include <pthread.h>

/* Older parsers recurse as deep as the message says; since 3.2.5 they stop at 1,024 levels. */
#if !GMIME_CHECK_VERSION(3, 2, 5)
#error "GMime 3.2.5 or later is needed: earlier parsers have no limit of depth"
#endif

static pthread_once_t started = PTHREAD_ONCE_INIT;

void mime_runtime_start(void)
{
    pthread_once(&started, g_mime_init);
}

GMimeParserOptions *mime_runtime_parser_options(void)
{
    const char *charsets[] = {"utf-8", "windows-1252", NULL};
    GMimeParserOptions *options = g_mime_parser_options_new();

    g_mime_parser_options_set_fallback_charsets(options, charsets);
    return options;
}
