/* base/failure.h - the sentence that goes with an error code.
 *
 * An HRESULT says what kind of thing went wrong; the sentence says which file, name or argument, and what to do
 * about it. It is kept per thread and belongs to the code it was stored with, until the next failure on the same
 * thread. MapiErrorDetail (mapisub.h) hands it out.
 */
#ifndef BASE_FAILURE_H
#define BASE_FAILURE_H

#include <mapidefs.h>

/* cmocka has a macro of that name: it, and fail_msg, which uses it, cannot be used in a test that includes this
 * header. */
#undef fail

#if defined(__GNUC__)
#define FAILURE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#define FAILURE_PRINTF(f, a)
#endif

/* Stores the sentence (UTF-8, at most FAILURE_LENGTH - 1 bytes, cut at a character) and returns hr. Allocates
 * nothing and keeps errno as it is. Arguments may point into the sentence stored before. */
HRESULT fail(HRESULT hr, const char *format, ...) FAILURE_PRINTF(2, 3);

/* The sentence of this thread's last fail(), if that was for hr; else NULL. Valid until the thread's next fail() or
 * failure_clear(). */
const char *failure_detail(HRESULT hr);

/* Forgets the sentence. */
void failure_clear(void);

/* What every GetLastError method answers: a MAPIERROR (one MAPIAllocateBuffer block) with this thread's sentence
 * for hr and the component's name, in UTF-16 with MAPI_UNICODE in flags, else UTF-8; *out is NULL, with S_OK, when
 * there is nothing to say (mapi-extended-errors.md). MAPI_E_NOT_ENOUGH_MEMORY. The caller has checked the flags.
 * Keeps the sentence. */
HRESULT failure_describe(HRESULT hr, ULONG flags, const char *component, LPMAPIERROR *out);

enum { FAILURE_LENGTH = 512 };

#endif
