--- Mail accounts from Lua: list them, add one, change it, put them in order, watch what happens to them, delete one.
--
--     lua5.4 examples/accounts.lua [profile]
--
-- Wants the module to be installed. Without a profile's name it makes one, "accounts example", and removes it at the
-- end.

local mapi = require "mapi"

local PROFILE = arg[1] or "accounts example"
if not arg[1] then
    assert(mapi.profiles.create(PROFILE))
end

-- ------------------------------------------------------------------------------------------------------------ opening

-- An account manager works through a helper, which knows the profile and gets it a session when it needs one. This
-- helper logs on by itself; mapi.helper { session = session } would borrow a session that is there already. Most of
-- what follows needs no session, so that nobody logs on for it.
local helper = assert(mapi.helper { profile = PROFILE })
local manager = assert(mapi.account_manager(helper))
print(("The accounts of %q; the helper is %s."):format(helper:get_identity(), helper:state()))

-- ------------------------------------------------------------------------------------------------------------ watching

-- The function is called from mapi.dispatch and never at another time: whatever it does cannot surprise the lines
-- below. Changes by other programs on the same profile arrive here, too. mapi.dispatch(5) would wait up to five
-- seconds for one.
local connection = assert(manager:advise(function(event, id)
    print(("    told: %s%s"):format(event, event == "order_changed" and "" or " " .. id))
end))

-- -------------------------------------------------------------------------------------------------------------- adding

-- The short names are those of the properties that every account has; any other goes by its documented name, as
-- smtp_server does. Passwords are never stored. Either a command is, whose first line of output is the password, or
-- the program says the password each time it runs.
local home = assert(manager:create {
    type = "imap",
    name = "Home", address = "ada@example.org", display_name = "Ada Lovelace",
    server = "imap.example.org", port = 993, ssl = true, user = "ada",
    password_command = "printf 'not the real one\\n'",
    smtp_server = "smtp.example.org", smtp_port = 587, smtp_user = "ada",
})
local club = assert(manager:create {
    type = "imap", name = "Club", address = "ada@club.example", server = "mail.club.example", user = "lovelace",
    password = "said at every start",
})
assert(manager:create { type = "ldap", name = "Directory", server = "ldap.example.org" })
mapi.dispatch()

-- ------------------------------------------------------------------------------------------------------------- listing

local function list(title, filter)
    print(title)
    for account in manager:accounts(filter) do
        local info = account:info()
        print(("    %d  %-10s %-6s %-20s %s"):format(account:id(), account:get "acct_name", info.type,
            account:get "acct_user_email_addr" or "", table.concat(info.categories, ", ")))
    end
end

list "All accounts:"
list("Those with a store of their own:", { category = "store" })

-- What one of them is made of. Passwords are not listed; asked for by name they are there only where this process has
-- them.
print "The first in detail:"
for tag, value, name in assert(manager:find { id = home:id() }):props() do
    if type(value) == "string" and not utf8.len(value) or name:match "_eid$" or name:match "delivery" then
        value = ("<%d bytes>"):format(#value)
    end
    print(("    0x%08X  %-24s %s"):format(tag, name, value))
end
print(("The helper is %s: the manager had it log on, to find the default store and its folders.")
    :format(helper:state()))

local _, message, name = home:get "inet_password"
print("The password before its command has run: " .. message)
assert(name == "E_ACCT_NOT_FOUND")
assert(home:fetch_secret "inet_password")
assert(home:get "inet_password" == "not the real one")

-- ------------------------------------------------------------------------------------------------------------ changing

-- What is set is seen by this object at once, and by everybody else when it is saved.
assert(club:set("acct_name", "Chess club"))
assert(manager:find { id = club:id() }:get "acct_name" == "Club")
assert(club:save())
mapi.dispatch()

-- Server and user are set when an account is made, and can only be read afterwards: that is how it is documented.
print("Changing the server: " .. select(2, club:set("inet_server", "elsewhere.example")))

-- ------------------------------------------------------------------------------------------------------------ ordering

-- Stores and address books have an order of their own that can be set; that of mail accounts can be read.
local ids = assert(manager:order "store")
table.insert(ids, 1, table.remove(ids))
assert(manager:set_order("store", ids))
list("The last one comes first now:", { category = "store" })
mapi.dispatch()

-- ------------------------------------------------------------------------------------------------------------ deleting

assert(manager:delete(club:id()))
mapi.dispatch()
local gone
gone, message = manager:find { id = club:id() }
assert(not gone)
print(message)

-- -------------------------------------------------------------------------------------------------------------- ending

-- Closing the manager ends what came from it, has the helper hand its session off, and lets the helper go. Variables
-- declared <close> would do the same at the end of their block.
assert(connection:unadvise())
assert(manager:close())
print(("The manager is closed; the helper is %s."):format(helper:state()))
assert(helper:close())

if not arg[1] then
    assert(mapi.profiles.delete(PROFILE))
end
