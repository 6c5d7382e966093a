/* The account object and the enumerator. */
#ifndef ACCOUNT_ACCOUNT_OBJECT_H
#define ACCOUNT_ACCOUNT_OBJECT_H

#include "account/account_manager.h"

struct account {
    struct object object;
    struct manager_link *link;
    DWORD id;

    /* For those who read a value of the record without the lock (OlkReadProp): they count themselves in before they
     * take it. Whoever replaces it looks at the count afterwards. */
    atomic_uint readers;
    atomic_bool edited;  /* there are edits; set before there are, cleared after the record has them */
    unsigned generation; /* of the process that made it (base/fork.h) */

    /* Guarded by the link's lock; the record may be read without it, see above. */
    struct account_record *_Atomic record; /* as it was when it was obtained, or saved last; replaced, never changed */
    struct account_edit *edits;            /* newest first */
    struct account *next;                  /* among the manager's edited ones */
    struct account *previous;
    bool listed;
};

/* Both take references of their own. E_OUTOFMEMORY. */
HRESULT account_create(struct manager_link *link, struct account_record *record, IOlkAccount **out);
HRESULT account_enum_create(struct manager_link *link, struct account_list *list,
                            IOlkEnum **out); /* takes the list over */

/* account_save.c; the link's lock is held, unless nothing has been edited and this is the last reference. */
void account_add_edit(struct account *self, struct account_edit *edit); /* takes it over */
void account_drop_edits(struct account *self);

#endif
