#include "support/store_advise.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/mapi.h"

HRESULT try_advise(IMsgStore *store, SBinary id, ULONG mask, IMAPIAdviseSink *sink, ULONG_PTR *connection)
{
    return store->lpVtbl->Advise(store, id.cb, (LPENTRYID)(void *)id.lpb, mask, sink, connection);
}

ULONG_PTR advise(IMsgStore *store, SBinary id, ULONG mask, struct event_log *log)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = log_sink(log);
    assert_int_equal(try_advise(store, id, mask, sink, &connection), S_OK);
    assert_int_not_equal(connection, 0);
    release(sink);
    return connection;
}

ULONG_PTR advise_session(SBinary id, ULONG mask, struct event_log *log)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = log_sink(log);
    assert_int_equal(
        the_session->lpVtbl->Advise(the_session, id.cb, (LPENTRYID)(void *)id.lpb, mask, sink, &connection), S_OK);
    release(sink);
    return connection;
}

ULONG_PTR advise_table(IMAPITable *table, struct event_log *log)
{
    ULONG_PTR connection = 0;
    IMAPIAdviseSink *sink = log_sink(log);
    assert_int_equal(table->lpVtbl->Advise(table, fnevTableModified, sink, &connection), S_OK);
    assert_int_not_equal(connection, 0);
    release(sink);
    return connection;
}

void unadvise(ULONG_PTR connection)
{
    assert_int_equal(the_store->lpVtbl->Unadvise(the_store, connection), S_OK);
}

unsigned bells(void)
{
    unsigned count = 0;
    DIR *names = opendir(getenv("MAPI_RUNTIME_DIR"));
    for (const struct dirent *entry = readdir(names); entry; entry = readdir(names))
        count += strncmp(entry->d_name, "mapi-store-", 11) == 0;
    closedir(names);
    return count;
}

IMAPIFolder *drafts_folder(void)
{
    IMAPIFolder *root = user_root(), *drafts = child(root, "Drafts");
    release(root);
    return drafts;
}

ENTRYLIST one_of(SBinary *id)
{
    return (ENTRYLIST){1, id};
}

SBinary key_of(SBinary id)
{
    return (SBinary){8, id.lpb + 24};
}
