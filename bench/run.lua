--- `make bench`: every benchmark of this directory, or those named as arguments.
-- Wants MAPI_HOME to be a fresh directory, MAPI_BUILD_DIR to be the build; the Makefile sees to both.
assert(_VERSION == "Lua 5.4", "the benchmarks run on Lua 5.4")

local harness = require "bench.harness"

local all = {
    "method_call", "logon_cycle", "require", "rows_scan", "account_get", "account_cycle",
    "shared_logoff_200", "join_leave", "notify",
    "table_first_page", "table_seek", "table_scan", "contains", "open_message",
    "import_floor", "import_python",
}
local names = #arg > 0 and arg or all
local results = {}
for i, name in ipairs(names) do
    io.stderr:write("running ", name, "\n")
    results[i] = require("bench." .. name)()
end
harness.print(results, io.stdout)
harness.write(results, (os.getenv "MAPI_BUILD_DIR" or "build") .. "/bench.json")
