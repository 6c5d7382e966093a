/* base/failure.c - see base/failure.h. */
#include "base/failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <mapicode.h>

/* The thread's last failure; hr is S_OK when there is no sentence. */
struct failure {
    HRESULT hr;
    char sentence[FAILURE_LENGTH];
};

static _Thread_local struct failure last;

/* Takes the pieces of a character that did not fit off the end. */
static void cut_at_character(char *text, size_t length)
{
    size_t end = length;
    while (end > 0 && ((unsigned char)text[end - 1] & 0xC0) == 0x80)
        end--;
    if (end == 0)
        return;
    unsigned char lead = (unsigned char)text[end - 1];
    size_t needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length - (end - 1) < needed)
        text[end - 1] = '\0';
}

HRESULT fail(HRESULT hr, const char *format, ...)
{
    int saved_errno = errno;
    char sentence[FAILURE_LENGTH];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    if (length < 0) {
        last.hr = S_OK;
    } else {
        if ((size_t)length >= sizeof sentence)
            cut_at_character(sentence, sizeof sentence - 1);
        memcpy(last.sentence, sentence, strlen(sentence) + 1);
        last.hr = hr;
    }
    errno = saved_errno;
    return hr;
}

const char *failure_detail(HRESULT hr)
{
    return hr != S_OK && last.hr == hr ? last.sentence : NULL;
}

void failure_clear(void)
{
    last.hr = S_OK;
}
