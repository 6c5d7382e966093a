--- A whole use of the account manager against the private logon and logoff that it contains.
local harness = require "bench.harness"
local mapi = require "mapi"

local PROFILE = "account_cycle"
local ACCOUNTS = 10

local function fill()
    local helper <close> = assert(mapi.helper { profile = PROFILE })
    local manager <close> = assert(mapi.account_manager(helper))
    for i = 1, ACCOUNTS do
        assert(manager:create {
            type = i % 2 == 0 and "imap" or "pop3", name = "Account " .. i, address = i .. "@example.org",
            server = "mail.example.org", user = "user" .. i, port = 993,
        })
    end
end

--- Init, the helper's logon, enumerate, read, release, hand off.
local function cycle()
    local helper = assert(mapi.helper { profile = PROFILE })
    local manager = assert(mapi.account_manager(helper))
    assert(helper:get_session())
    local count = 0
    for account in manager:accounts() do
        account:get "acct_name"
        account:get "acct_user_email_addr"
        account:get "inet_server"
        account:get "inet_user"
        account:get "inet_port"
        count = count + 1
    end
    assert(count == ACCOUNTS)
    assert(manager:close())
    assert(helper:hands_off())
    helper:close()
end

--- The private logon and logoff in it, and nothing else.
local function logon()
    local helper = assert(mapi.helper { profile = PROFILE })
    assert(helper:get_session())
    assert(helper:hands_off())
    helper:close()
end

return function()
    assert(mapi.profiles.create(PROFILE))
    fill()
    return harness.compare {
        name = "account_cycle", unit = "us", runs = 15,
        what = "the helper's logon and logoff alone",
        ours = function(count)
            for _ = 1, count do
                cycle()
            end
        end,
        reference = function(count)
            for _ = 1, count do
                logon()
            end
        end,
    }
end
