--- A search folder that keeps itself up to date, whoever changes the messages.
--
--     .ci/with-home lua5.4 examples/search.lua
--
-- Everything happens in a MAPI_HOME of its own, which goes afterwards.

local mapi = require "mapi"

mapi.profiles.create "search demo"
local session <close> = assert(mapi.logon "search demo")
local store <close> = assert(session:open_store())
local inbox <close> = assert(store:inbox())

local function receive(folder, subject)
    local message <close> = assert(folder:import("From: desk@example.org\nSubject: " .. subject .. "\n\nHello.\n"))
    return message:entryid()
end

local unread <close> = assert(store:search_root():create("Unread invoices", { type = "search" }))

local function show(what)
    local found = {}
    for row in unread:rows { columns = { "subject", "parent_display" }, sort = "subject" } do
        found[#found + 1] = ("%s (%s)"):format(row.subject, row.parent_display)
    end
    print(what .. ": " .. (#found == 0 and "nothing" or table.concat(found, ", ")))
end

receive(inbox, "Invoice 1")
receive(inbox, "Lunch")
assert(unread:set_search_criteria {
    where = { "and", { "subject", "contains", "invoice" }, { "not", { "message_flags", "&", 1 } } },
    folders = { inbox },
    recursive = true,
})
show "There were"

local work <close> = assert(inbox:create "Work")
local second = receive(work, "Invoice 2")
show "After another has come"

assert(unread:set_read(second, true))
show "After that was read"

assert(work:set_read(second, false))
assert(work:move_messages(second, assert(store:deleted_items())))
show "After it was marked unread again, and thrown away"

assert(unread:delete())
print(("The search folder is gone, and the Inbox still has %d messages."):format(inbox:count()))
