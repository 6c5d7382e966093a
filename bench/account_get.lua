--- A string property of an account against the cheapest userdata method that returns a string.
local baseline = require "mapi.baseline"
local harness = require "bench.harness"
local mapi = require "mapi"

return function()
    assert(mapi.profiles.create "account_get")
    local helper <close> = assert(mapi.helper { profile = "account_get" })
    local manager <close> = assert(mapi.account_manager(helper))
    local account = assert(manager:create { type = "imap", name = "Home and away" })
    local bare = baseline.new "Home and away"
    assert(account:get "acct_name" == bare:get "acct_name")

    -- One loop for both: the same bytecode, the same method name, another object.
    local function calls(object)
        return function(count)
            for _ = 1, count do
                object:get "acct_name"
            end
        end
    end

    return harness.compare {
        name = "account_get", unit = "ns", runs = 15,
        what = "a bare userdata method that returns the same string",
        ours = calls(account), reference = calls(bare),
    }
end
