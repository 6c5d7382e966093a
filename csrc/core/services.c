#include "core/services.h"

#include <pthread.h>
#include <string.h>
#include <strings.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/fork.h"
#include "store/store.h"

static const struct service_provider store_providers[] = {{
    .name = "LUAMAPI_MDB",
    .display_name = "Message Store",
    .provider_display = "Message Store",
    .resource_type = MAPI_STORE_PROVIDER,
    .resource_flags = STATUS_DEFAULT_STORE,
    .mdb_provider = &store_provider_uid,
    .ms_init = store_provider_init,
}};

static const struct service built_in[] = {{
    .name = "LUAMAPI",
    .display_name = "Message Store",
    .dll_name = STORE_DLL_NAME,
    .entry_name = "ServiceEntry",
    .entry = store_service_entry,
    .resource_flags = SERVICE_DEFAULT_STORE,
    .is_default = true,
    .providers = store_providers,
    .provider_count = 1,
    .remove_resource = store_remove,
}};

enum { BUILT_IN_COUNT = sizeof built_in / sizeof built_in[0], REGISTERED_MAX = 16 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct service *registered[REGISTERED_MAX];
static size_t registered_count;
FORK_KEEPS_WHOLE(lock);

const struct service *service_at(size_t index)
{
    if (index < BUILT_IN_COUNT) {
        return &built_in[index];
    }
    index -= BUILT_IN_COUNT;
    pthread_mutex_lock(&lock);
    const struct service *service = index < registered_count ? registered[index] : NULL;
    pthread_mutex_unlock(&lock);
    return service;
}

const struct service *service_by_name(const char *name)
{
    const struct service *service;
    for (size_t i = 0; (service = service_at(i)) && strcasecmp(service->name, name) != 0; i++) {
    }
    return service;
}

const struct service *service_by_dll(const char *dll_name)
{
    const struct service *service;
    for (size_t i = 0; (service = service_at(i)) && strcasecmp(service->dll_name, dll_name) != 0; i++) {
    }
    return service;
}

const struct service_provider *service_provider_by_name(const struct service *service, const char *name)
{
    for (size_t i = 0; i < service->provider_count; i++) {
        if (strcasecmp(service->providers[i].name, name) == 0) {
            return &service->providers[i];
        }
    }
    return NULL;
}

const struct service_provider *service_store_provider(const struct service *service)
{
    for (size_t i = 0; i < service->provider_count; i++) {
        if (service->providers[i].resource_type == MAPI_STORE_PROVIDER && service->providers[i].ms_init) {
            return &service->providers[i];
        }
    }
    return NULL;
}

HRESULT service_register(const struct service *service)
{
    if (service_by_name(service->name)) {
        return fail(MAPI_E_NO_ACCESS, "There is a message service named '%s' already.", service->name);
    }
    HRESULT hr = S_OK;
    pthread_mutex_lock(&lock);
    if (registered_count < REGISTERED_MAX) {
        registered[registered_count++] = service;
    } else {
        hr = fail(MAPI_E_NOT_ENOUGH_RESOURCES, "No more than %d further message services can be registered.",
                  REGISTERED_MAX);
    }
    pthread_mutex_unlock(&lock);
    return hr;
}
