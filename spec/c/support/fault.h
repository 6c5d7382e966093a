/* support/fault.h - memory that runs out where a test wants it to.
 *
 * The test programs are linked with -Wl,--wrap for malloc, calloc, realloc and strdup, so that our own code's calls
 * come through here (those of shared libraries do not). Only the thread that calls fault_start is affected.
 *
 * The usual test fails the 1st, the 2nd, ... allocation of a task until it succeeds:
 *
 *     static HRESULT task(void *context) { ... }       make things, undo them, answer the first failure
 *     fault_sweep(task, NULL);                         fails the test if the task lies about a failure
 *
 * Leaks are the business of the sanitizers and of valgrind.
 */
#ifndef SPEC_SUPPORT_FAULT_H
#define SPEC_SUPPORT_FAULT_H

#include <stdbool.h>

#include <mapiwin.h>

/* From now on the n-th allocation (from 1) of this thread fails, and only that one; 0 only counts. */
void fault_start(unsigned long n);

/* The same, but every allocation from the n-th on fails. */
void fault_start_lasting(unsigned long n);

/* Back to normal; whether an allocation failed since fault_start. */
bool fault_stop(void);

/* Allocations of this thread since fault_start, the failed ones included. */
unsigned long fault_count(void);

/* Runs the task again and again, failing its 1st, 2nd, ... allocation, until it goes through without meeting a
 * failure; that last run must have answered S_OK. A run whose allocation failed may succeed (where the code can do
 * without), or must answer a failure code. Does so a second time with lasting failures. Returns how many
 * allocations the task makes. */
unsigned long fault_sweep(HRESULT (*task)(void *context), void *context);

#endif
