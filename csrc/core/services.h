/* The message services this subsystem knows: the counterpart of mapisvc.inf, and the only place where the
   core meets the providers. Everything about a service is read from here when it is added to a profile;
   afterwards the profile holds it. */
#ifndef CORE_SERVICES_H
#define CORE_SERVICES_H

#include <stdbool.h>
#include <stddef.h>

#include <mapispi.h>

struct service_provider {
    const char *name;         /* section name, what IProviderAdmin::CreateProvider takes */
    const char *display_name; /* PR_DISPLAY_NAME until the provider sets its own */
    const char *provider_display;
    ULONG resource_type;         /* MAPI_STORE_PROVIDER, ... */
    ULONG resource_flags;        /* STATUS_* */
    const MAPIUID *mdb_provider; /* PR_MDB_PROVIDER of a store provider, or NULL */
    LPMSPROVIDERINIT ms_init;    /* of a store provider, else NULL */
};

struct service {
    const char *name;         /* PR_SERVICE_NAME */
    const char *display_name; /* PR_DISPLAY_NAME */
    const char *dll_name;     /* PR_SERVICE_DLL_NAME and PR_PROVIDER_DLL_NAME: what wrapped store entry ids carry */
    const char *entry_name;   /* PR_SERVICE_ENTRY_NAME */
    LPMSGSERVICEENTRY entry;  /* NULL: the service cannot be configured */
    ULONG resource_flags;     /* SERVICE_* */
    bool is_default;          /* in [Default Services] */
    const struct service_provider *providers;
    size_t provider_count;
    /* Called after a deletion has been committed, once for every store provider section with a 16-byte
       PR_RECORD_KEY that no other section of any profile carries any more: removes what the provider keeps
       outside the profile. This, not MSG_SERVICE_DELETE, is where a store's file goes: copies of a profile
       share the store, and a deletion that could not be committed must have lost nothing. NULL: nothing to
       remove. `home` is home_directory(). */
    void (*remove_resource)(const char *home, const MAPIUID *record_key);
};

/* NULL when there is none. Names of services and DLLs compare without regard to ASCII case, as file names on
   Windows do. */
const struct service *service_by_name(const char *name);
const struct service *service_by_dll(const char *dll_name);
const struct service *service_at(size_t index); /* enumerates; NULL past the end */
const struct service_provider *service_provider_by_name(const struct service *, const char *name);
const struct service_provider *service_store_provider(const struct service *); /* the first store provider, or NULL */

/* Adds a service for the life of the process; `service` must stay valid. For hosts and tests with a provider
   of their own. MAPI_E_NO_ACCESS when the name is taken, MAPI_E_NOT_ENOUGH_RESOURCES when the table is full. */
HRESULT service_register(const struct service *service);

#endif
