#include "fuzz_store.h"

#include <dirent.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mapiutil.h>

IMAPISession *fuzz_session;
IMsgStore *fuzz_store;
IMAPIFolder *fuzz_inbox;

static char root[256];

void fuzz_check(int holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    remove(path);
    return 0;
}

static void remove_home(void)
{
    fuzz_inbox->lpVtbl->Release(fuzz_inbox);
    fuzz_store->lpVtbl->Release(fuzz_store);
    fuzz_session->lpVtbl->Logoff(fuzz_session, 0, 0, 0);
    fuzz_session->lpVtbl->Release(fuzz_session);
    MAPIUninitialize();
    nftw(root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_home(void)
{
    static char home[300], run[300];
    const char *where = getenv("TMPDIR");

    if (where == NULL || *where == '\0')
        where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(root, sizeof root, "%s/lua-mapi-fuzz.XXXXXX", where);
    fuzz_check(mkdtemp(root) != NULL, "no directory for the store");
    snprintf(home, sizeof home, "%s/home", root);
    snprintf(run, sizeof run, "%s/run", root);
    fuzz_check(mkdir(home, 0700) == 0 && mkdir(run, 0700) == 0, "no directories for the store");
    setenv("MAPI_HOME", home, 1);
    setenv("MAPI_RUNTIME_DIR", run, 1);
}

static void log_on(void)
{
    static char profile[] = "work";
    IProfAdmin *admin = NULL;

    fuzz_check(MAPIInitialize(NULL) == S_OK && MAPIAdminProfiles(0, &admin) == S_OK, "MAPI does not begin");
    fuzz_check(admin->lpVtbl->CreateProfile(admin, profile, NULL, 0, MAPI_DEFAULT_SERVICES) == S_OK, "no profile");
    admin->lpVtbl->Release(admin);
    fuzz_check(MAPILogonEx(0, profile, NULL, MAPI_NEW_SESSION | MAPI_EXTENDED, &fuzz_session) == S_OK, "no session");
}

static void open_store(void)
{
    SizedSPropTagArray(1, column) = {1, {PR_ENTRYID}};
    LPMAPITABLE table = NULL;
    LPSRowSet rows = NULL;
    LPENTRYID id = NULL;
    ULONG size = 0, type;
    HRESULT hr = fuzz_session->lpVtbl->GetMsgStoresTable(fuzz_session, 0, &table);

    fuzz_check(hr == S_OK && HrQueryAllRows(table, (LPSPropTagArray)&column, NULL, NULL, 0, &rows) == S_OK,
               "no stores");
    table->lpVtbl->Release(table);
    hr = fuzz_session->lpVtbl->OpenMsgStore(fuzz_session, 0, rows->aRow[0].lpProps[0].Value.bin.cb,
                                            (LPENTRYID)(void *)rows->aRow[0].lpProps[0].Value.bin.lpb, NULL, MDB_WRITE,
                                            &fuzz_store);
    fuzz_check(hr == S_OK, "no store");
    FreeProws(rows);
    hr = fuzz_store->lpVtbl->GetReceiveFolder(fuzz_store, NULL, 0, &size, &id, NULL);
    fuzz_check(hr == S_OK && fuzz_store->lpVtbl->OpenEntry(fuzz_store, size, id, NULL, MAPI_MODIFY, &type,
                                                           (LPUNKNOWN *)(void *)&fuzz_inbox) == S_OK,
               "no folder");
    MAPIFreeBuffer(id);
}

void fuzz_store_open(void)
{
    make_home();
    log_on();
    open_store();
    atexit(remove_home);
}

void fuzz_store_reopen(void)
{
    fuzz_inbox->lpVtbl->Release(fuzz_inbox);
    fuzz_store->lpVtbl->Release(fuzz_store);
    open_store();
}

const char *fuzz_store_path(void)
{
    static char path[600];
    char stores[300];
    const struct dirent *entry;
    DIR *directory;

    snprintf(stores, sizeof stores, "%s/home/stores", root);
    directory = opendir(stores);
    fuzz_check(directory != NULL, "no stores");
    while ((entry = readdir(directory)) != NULL)
        if (strlen(entry->d_name) == 35)
            snprintf(path, sizeof path, "%s/%s", stores, entry->d_name);
    closedir(directory);
    return path;
}

IMessage *fuzz_message(ULONG count, SPropValue *values, LPADRLIST recipients, ULONG attachments)
{
    IMessage *message = NULL;
    HRESULT hr = fuzz_inbox->lpVtbl->CreateMessage(fuzz_inbox, NULL, 0, &message);
    ULONG i, number;

    fuzz_check(hr == S_OK, "no message");
    if (count > 0)
        hr = message->lpVtbl->SetProps(message, count, values, NULL);
    if (hr == S_OK && recipients != NULL)
        hr = message->lpVtbl->ModifyRecipients(message, MODRECIP_ADD, recipients);
    for (i = 0; i < attachments && hr == S_OK; i++) {
        static char name[] = "plan.txt";
        SPropValue file = {PR_ATTACH_LONG_FILENAME_A, 0, {.lpszA = name}};
        IAttach *attach = NULL;

        hr = message->lpVtbl->CreateAttach(message, NULL, 0, &number, &attach);
        fuzz_check(hr == S_OK, "no attachment");
        hr = attach->lpVtbl->SetProps(attach, 1, &file, NULL);
        if (hr == S_OK)
            hr = attach->lpVtbl->SaveChanges(attach, 0);
        attach->lpVtbl->Release(attach);
    }
    fuzz_check(hr == S_OK && message->lpVtbl->SaveChanges(message, KEEP_OPEN_READWRITE) == S_OK, "no message saved");
    return message;
}
