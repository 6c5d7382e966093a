--- A cheap session method against the cheapest userdata method there can be.
local baseline = require "mapi.baseline"
local harness = require "bench.harness"
local mapi = require "mapi"

return function()
    assert(mapi.profiles.create "method_call")
    local session <close> = assert(mapi.logon "method_call")
    local bare = baseline.new()

    -- One loop for both: the same bytecode, the same method name, another object.
    local function calls(object)
        return function(count)
            for _ = 1, count do
                object:is_shared()
            end
        end
    end

    return harness.compare {
        name = "method_call", unit = "ns", runs = 15,
        what = "a bare userdata method with luaL_checkudata",
        ours = calls(session), reference = calls(bare),
    }
end
