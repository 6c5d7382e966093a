/* base/lifeline.h - what ties the objects opened through a session or a store logon to its life.
 *
 * A lifeline is a small counted block: a recursive lock and the fact of having ended. Every child object holds a
 * reference on the block, never on the session (R2). Each method of a child begins with lifeline_enter and, if that
 * succeeded, ends with lifeline_leave. Ending takes the same lock, so it waits for the calls that other threads are
 * in (L19), and afterwards every method answers MAPI_E_INVALID_OBJECT (L13). AddRef and Release never need the
 * lifeline.
 *
 * After a fork, what the child has inherited counts as ended there and answers MAPI_E_NOT_INITIALIZED (R8); nothing of it is
 * cleaned up, because it is the parent's.
 *
 * A NULL lifeline is allowed wherever one is entered, left or dropped: it never ends and locks nothing.
 */
#ifndef BASE_LIFELINE_H
#define BASE_LIFELINE_H

#include <stdbool.h>

#include <mapidefs.h>

struct lifeline;

/* A new lifeline with one reference, or NULL when there is no memory. */
struct lifeline *lifeline_create(void);

/* Takes a reference; returns its argument. */
struct lifeline *lifeline_ref(struct lifeline *life);

/* Drops a reference; the last one frees the block. */
void lifeline_unref(struct lifeline *life);

/* Locks and answers S_OK; or, where the lifeline has ended, locks nothing and answers MAPI_E_INVALID_OBJECT, or
 * MAPI_E_NOT_INITIALIZED where it is from before a fork. The
 * lock may be taken again by the thread that holds it, including the one that is ending the lifeline. */
HRESULT lifeline_enter(struct lifeline *life);

/* The same for a thread that has entered another lifeline already, which somebody in this one may be waiting for:
 * MAPI_E_TIMEOUT after ten seconds. */
HRESULT lifeline_enter_further(struct lifeline *life);

/* The same without waiting: MAPI_E_BUSY where another thread has the lock. */
HRESULT lifeline_try_enter(struct lifeline *life);

/* Undoes one successful lifeline_enter. */
void lifeline_leave(struct lifeline *life);

/* Begins the end: waits for the calls in flight on other threads and returns true with the lock held, so that the
 * caller can clean up; or returns false, unlocked, when the lifeline has ended or is being ended further up this
 * thread's stack. */
bool lifeline_begin_end(struct lifeline *life);

/* Completes the end begun by lifeline_begin_end: marks the lifeline ended and unlocks it. */
void lifeline_finish_end(struct lifeline *life);

/* Gives up an end begun by lifeline_begin_end (a declined logoff): the lifeline lives on, unlocked. */
void lifeline_cancel_end(struct lifeline *life);

/* Whether the lifeline has ended, by itself or with all others; takes no lock. */
bool lifeline_ended(const struct lifeline *life);

/* The code, with a sentence, with which lifeline_enter has just refused. */
HRESULT lifeline_refusal(const struct lifeline *life);

/* The end of them all, for IMAPIClientShutdown::DoFastShutdown: from now on nothing can be entered, not even a NULL lifeline, and
 * the answer is MAPI_E_END_OF_SESSION. Each is still to be ended (lifeline_begin_end waits for the calls in flight). For good. */
void lifeline_end_all(void);
bool lifeline_all_ended(void);
HRESULT lifeline_over(void); /* MAPI_E_END_OF_SESSION, with its sentence */

/* Whether it is from before a fork, of which this process is the child. */
bool lifeline_inherited(const struct lifeline *life);

#endif
