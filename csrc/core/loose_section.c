#include "core/profsect_private.h"

#include <stdlib.h>

#include <mapicode.h>

#include "core/profile_database.h"

struct loose_section *loose_section_create(const struct section *section)
{
    struct loose_section *loose = malloc(sizeof *loose);
    if (loose) {
        atomic_init(&loose->refs, 1);
        pthread_mutex_init(&loose->lock, NULL);
        loose->section = *section;
        loose->settled = false;
    }
    return loose;
}

struct loose_section *loose_section_ref(struct loose_section *loose)
{
    if (loose) {
        atomic_fetch_add_explicit(&loose->refs, 1, memory_order_relaxed);
    }
    return loose;
}

void loose_section_unref(struct loose_section *loose)
{
    if (loose && atomic_fetch_sub(&loose->refs, 1) == 1) {
        section_clear(&loose->section);
        pthread_mutex_destroy(&loose->lock);
        free(loose);
    }
}

HRESULT loose_section_settle(struct loose_section *loose, struct profile *profile)
{
    struct database *db;
    int64_t id = 0;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    pthread_mutex_lock(&loose->lock);
    if (!loose->settled) {
        hr = profile_row(db, profile, &id);
        if (hr == S_OK) {
            hr = section_add(db, id, &loose->section);
        }
        loose->settled = hr == S_OK;
    }
    pthread_mutex_unlock(&loose->lock);
    profile_database_leave();
    return hr;
}
