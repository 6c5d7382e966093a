#include "support/store_check.h"

#include <stdio.h>
#include <stdlib.h>

#include <sqlite3.h>

enum { SCRIPT_MAX = 32768 };

static char wrong[1024];

static const char *read_script(void)
{
    static char script[SCRIPT_MAX];
    const char *root = getenv("MAPI_SOURCE_DIR");
    char path[1024];
    snprintf(path, sizeof path, "%s/spec/support/store_consistency.sql", root != NULL ? root : ".");
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t size = fread(script, 1, sizeof script - 1, file);
    fclose(file);
    script[size] = 0;
    return size < sizeof script - 1 ? script : NULL;
}

static const char *run(sqlite3 *db, const char *script)
{
    while (*script != 0) {
        sqlite3_stmt *statement = NULL;
        int rc = sqlite3_prepare_v2(db, script, -1, &statement, &script);
        if (rc == SQLITE_OK && statement != NULL)
            rc = sqlite3_step(statement);
        if (rc == SQLITE_ROW)
            snprintf(wrong, sizeof wrong, "%s", (const char *)sqlite3_column_text(statement, 0));
        else if (rc != SQLITE_OK && rc != SQLITE_DONE)
            snprintf(wrong, sizeof wrong, "it cannot be checked: %s", sqlite3_errmsg(db));
        sqlite3_finalize(statement);
        if (rc != SQLITE_OK && rc != SQLITE_DONE)
            return wrong;
    }
    return NULL;
}

const char *store_check(const char *path)
{
    const char *script = read_script();
    const char *result = "there is no store, or nothing to check it with";
    sqlite3 *db = NULL;
    if (script != NULL && sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK) {
        sqlite3_busy_timeout(db, 10000);
        result = run(db, script);
    }
    sqlite3_close(db);
    return result;
}
