/*
 * mime/runtime.h - GMime, started once for the process.
 *
 * GLib cannot be loaded twice into one process and its types can never be unregistered, so GMime is started at the
 * first need, stays until the process ends, and the module is linked with -z nodelete.
 */
#ifndef MIME_RUNTIME_H
#define MIME_RUNTIME_H

#include <gmime/gmime.h>

/* Starts GMime if nobody has; any thread, any number of times. */
void mime_runtime_start(void);

/* Parser options of this converter: forgiving, and 8-bit headers taken for UTF-8, else Windows-1252. The caller
 * frees them with g_mime_parser_options_free. */
GMimeParserOptions *mime_runtime_parser_options(void);

#endif
