/* support/fake_store.h - a message service with a store provider that does as little as it can and writes
 * everything down, for tests of how sessions load providers, log on to their stores and end them. Its stores
 * keep nothing and have no folders.
 */
#ifndef SUPPORT_FAKE_STORE_H
#define SUPPORT_FAKE_STORE_H

#include <mapispi.h>

#define FAKE_SERVICE        "FAKE"
#define FAKE_SECOND_SERVICE "FAKE2"      /* the same, with a provider of its own */
#define FAKE_SINGLE_SERVICE "FAKESINGLE" /* allows one copy in a profile */
#define FAKE_BARE_SERVICE   "FAKEBARE"   /* has no entry point, and two transports */

/* What happened; cleared by fake_store_reset. */
struct fake_log {
    unsigned inits, logons, logoffs, shutdowns, providers_freed, removed;
    unsigned entries[8];         /* calls of the entry point by context */
    ULONG logon_flags;           /* of the last IMSProvider::Logon */
    ULONG entry_flags;           /* of the last call of the entry point */
    ULONG status_flags;          /* of the last OpenStatusEntry */
    ULONG entry_values;          /* properties given with it */
    unsigned advised, unadvised; /* calls of the logon object's */
    ULONG_PTR unadvised_number;  /* given with the last Unadvise; Advise answers 1 always */
    ULONG advised_mask;
    char profile[80]; /* the profile named in the last IMSProvider::Logon */
    char order
        [64]; /* one letter each: L logon, o Logoff of the logon object, f its last Release, S Shutdown, F last Release
                              of the provider; q n d the three steps of fast shutdown, 1 2 3 ... after them: which provider
                              object, by age */
};
extern struct fake_log fake_log;

/* What the fake does. */
struct fake_plan {
    HRESULT init;
    HRESULT logon[4]; /* of the 1st, 2nd, ... call; S_OK where it ends */
    HRESULT entry[8]; /* by context */
    const char *said; /* in the MAPIERROR that goes with a failed or warned logon, or with an entry point's failure */
    BOOL modify_profile;  /* call IMAPISupport::ModifyProfile */
    HRESULT advise;       /* of IMSLogon::Advise */
    BOOL read_only;       /* MDB_WRITE: MAPI_E_NO_ACCESS */
    BOOL cannot_submit;   /* no STORE_SUBMIT_OK */
    unsigned no_shutdown; /* bit n: the n-th provider object has no IMAPIProviderShutdown */
    HRESULT query[4];     /* QueryFastShutdown of the 1st, 2nd, ... provider object */
    HRESULT notify, shut_down;
    void (*during_query)(void *context);
    void (*during_shutdown)(void *context);
    HRESULT status_object; /* OpenStatusEntry: a failure, or S_FALSE for an object of the provider's own */
    ULONG status_count;    /* further properties for ModifyStatusRow */
    SPropValue status[4];
    void (*during_logon)(IMAPISupport *support, void *context);
    void (*during_entry)(IMAPISupport *support, IProviderAdmin *admin, ULONG context_of_call, void *context);
    void *context;
};
extern struct fake_plan fake_plan;

/* The support object of the store that was logged on to last and is still there, not counted; or NULL. */
IMAPISupport *fake_support(void);

/* Registers the services, once per process, and clears the plan and the log. */
void fake_store_reset(void);

/* The wrapped entry identifier of a fake store with the uid `uid`, for MAPIFreeBuffer; it need not exist anywhere. */
void fake_store_entryid(const MAPIUID *uid, ULONG *size, LPENTRYID *id);

/* An entry identifier of an object in such a store: 24 bytes. */
void fake_object_entryid(const MAPIUID *uid, unsigned char *id);

#endif
