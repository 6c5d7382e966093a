/* Edits of accounts: kept with the account object until they are saved (iolkaccount-setprop.md,
 * iolkaccount-savechanges.md, iolkaccountmanager-savechanges.md). */
#include <sched.h>
#include <stdlib.h>

#include "account/account_object.h"
#include "base/failure.h"
#include "base/fork.h"

/* ---- with the link's lock held ---- */

static void list_account(struct manager *manager, struct account *self)
{
    self->previous = NULL;
    self->next = manager->edited;
    if (self->next != NULL)
        self->next->previous = self;
    manager->edited = self;
    self->listed = true;
}

static void unlist_account(struct manager *manager, struct account *self)
{
    if (self->previous != NULL)
        self->previous->next = self->next;
    else
        manager->edited = self->next;
    if (self->next != NULL)
        self->next->previous = self->previous;
    self->listed = false;
}

void account_add_edit(struct account *self, struct account_edit *edit)
{
    struct manager *manager = self->link->manager;
    struct account_edit **link = &self->edits;
    while (*link != NULL && (*link)->tag != edit->tag)
        link = &(*link)->next;
    if (*link != NULL) {
        struct account_edit *old = *link;
        *link = old->next;
        free(old);
    }
    atomic_store(&self->edited, true);
    edit->next = self->edits;
    self->edits = edit;
    /* After the manager's end an edit is still shown, though it can no longer be saved. */
    edit->stamp = manager != NULL ? ++manager->last_stamp : 0;
    if (manager != NULL && !self->listed)
        list_account(manager, self);
}

void account_drop_edits(struct account *self)
{
    while (self->edits != NULL) {
        struct account_edit *next = self->edits->next;
        free(self->edits);
        self->edits = next;
    }
    if (self->listed)
        unlist_account(self->link->manager, self);
    atomic_store(&self->edited, false); /* the last thing that is done to it, see account_destroy */
}

/* ---- saving ---- */

/* The account objects whose edits are to be saved: those of one id that follow `from` in the list. */
static struct account *next_edited(struct account *from, DWORD id, const struct account *only)
{
    while (from != NULL && (from->id != id || (only != NULL && from != only)))
        from = from->next;
    return from;
}

static int compare_stamps(const void *left, const void *right)
{
    uint64_t a = (*(struct account_edit *const *)left)->stamp;
    uint64_t b = (*(struct account_edit *const *)right)->stamp;
    return a < b ? -1 : a > b;
}

/* All edits, oldest first, in an array for free(). */
static HRESULT collect(struct manager *self, DWORD id, const struct account *only, struct account_edit ***out,
                       size_t *count)
{
    size_t n = 0;
    for (struct account *each = next_edited(self->edited, id, only); each != NULL;
         each = next_edited(each->next, id, only))
        for (struct account_edit *edit = each->edits; edit != NULL; edit = edit->next)
            n++;
    *count = 0;
    *out = malloc((n > 0 ? n : 1) * sizeof **out);
    if (*out == NULL)
        return fail(E_OUTOFMEMORY, "There is not enough memory to save the account.");
    for (struct account *each = next_edited(self->edited, id, only); each != NULL;
         each = next_edited(each->next, id, only))
        for (struct account_edit *edit = each->edits; edit != NULL; edit = edit->next)
            (*out)[(*count)++] = edit;
    if (n > 1)
        qsort(*out, n, sizeof **out, compare_stamps);
    return S_OK;
}

/* Reading a value takes no longer than copying it, and who begins to read now reads what has replaced the old: a count of 0
 * seen once is enough. In a child the count may be that of threads it does not have; then nobody can tell, and what is
 * replaced is left to them. */
static bool nobody_reads_the_old(const struct account *account)
{
    if (account->generation != fork_generation())
        return atomic_load(&account->readers) == 0;
    while (atomic_load(&account->readers) != 0)
        sched_yield();
    return true;
}

static void show(struct account *account, struct account_record *record)
{
    struct account_record *old = atomic_exchange(&account->record, account_record_ref(record));
    if (nobody_reads_the_old(account))
        account_record_unref(old);
}

/* What was saved is shown from now on by all objects that had a part in it. */
static void finish(struct manager *self, DWORD id, struct account *only, struct account_record *record)
{
    struct account *each = next_edited(self->edited, id, only);
    while (each != NULL) {
        struct account *next = next_edited(each->next, id, only);
        show(each, record);
        account_drop_edits(each);
        each = next;
    }
    if (only != NULL)
        show(only, record); /* it may have had no edits; then it shows what others have saved */
}

static bool names_account(struct account_edit *const *edits, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (edits[i]->tag == PROP_ACCT_NAME)
            return true;
    return false;
}

/* The lock is held all along, so that no edit can slip in between the saving and the dropping. */
HRESULT manager_save(struct manager *self, DWORD id, struct account *only)
{
    struct account_edit **edits = NULL;
    struct account_record *record = NULL;
    size_t count = 0;
    bool renamed = false;
    fork_mutex_lock(&self->link->lock);
    HRESULT hr = collect(self, id, only, &edits, &count);
    if (hr == S_OK)
        hr = account_store_save(self->profile, id, edits, count, &record);
    if (hr == S_OK) {
        renamed = names_account(edits, count);
        finish(self, id, only, record);
    }
    fork_mutex_unlock(&self->link->lock);
    free(edits);
    if (renamed)
        manager_push_name(self, record);
    account_record_unref(record);
    return hr;
}
