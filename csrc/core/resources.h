/* What providers keep outside the profile - the files of stores - and its end. Profiles may share a store
 * (copies do): its file goes when the last section that names it has gone, and not before that is committed.
 * Functions want the database entered.
 */
#ifndef CORE_RESOURCES_H
#define CORE_RESOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include <mapidefs.h>

#include "base/database.h"
#include "core/section.h"
#include "core/services.h"

struct resource {
    const struct service *service;
    MAPIUID record_key;
};

struct resource_list {
    struct resource *items;
    size_t count;
};

/* What the provider sections of a profile (or of one of its services) name. Marked sections count too. */
HRESULT resources_of_profile(struct database *db, int64_t profile, const MAPIUID *service, struct resource_list *out);
void resource_list_clear(struct resource_list *list);

/* Writes down, within the transaction that deletes the sections, what is to be looked at afterwards. */
HRESULT resources_note(struct database *db, const struct resource_list *list);

/* The same for one section. */
HRESULT resources_note_section(struct database *db, const struct section *section);

/* Removes what was written down and is used no more; for after the commit. What cannot be done now stays
   written down. */
void resources_finish(struct database *db);

/* Removes what no section names. False when that could not be found out. */
bool resources_remove_if_unused(struct database *db, const struct resource *resource);

/* The same at once, for what a transaction made that was rolled back. */
void resources_remove_unused(struct database *db, const struct resource_list *list);

#endif
