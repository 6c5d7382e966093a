--- Benchmarks whose two sides are one C program of this directory, which prints a line for each round: seconds of
-- ours, seconds of the reference.
local harness = require "bench.harness"

--- Runs it, in a runtime directory of its own: on a tmpfs where there is one.
-- @param spec as for harness.result
-- @param command the program's name and arguments
-- @param scale from seconds to the unit
return function(spec, command, scale)
    local shell = [[
        [ -w /dev/shm ] && where=/dev/shm || where="${TMPDIR:-/tmp}"
        run=$(mktemp -d "$where/lua-mapi.XXXXXX") || exit 1
        MAPI_RUNTIME_DIR="$run" "%s/bench/%s" %s
        status=$?
        rm -rf "$run"
        exit $status]]
    local program, arguments = command:match "^(%S+)%s*(.*)$"
    local pipe = assert(io.popen(shell:format(os.getenv "MAPI_BUILD_DIR" or "build", program, arguments)))
    local ours, reference = {}, {}
    for line in pipe:lines() do
        local mine, theirs = line:match "^(%S+) (%S+)$"
        ours[#ours + 1], reference[#reference + 1] = assert(tonumber(mine)), assert(tonumber(theirs))
    end
    assert(pipe:close(), "bench/" .. program .. " failed")
    return harness.result(spec, ours, reference, scale)
end
