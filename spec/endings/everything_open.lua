--- Ends with everything open, each kind of object at least once: closing the state is what ends it all.
assert(os.getenv "MAPI_HOME", "set MAPI_HOME to a directory of this script's own")
local mapi = require "mapi"

assert(mapi.profiles.create "everything_open")
local open = {}
package.loaded["everything open"] = open                -- reachable to the very end

local function keep(object, ...)
    open[#open + 1] = assert(object, ...)
    return object
end

local session = keep(mapi.logon "everything_open")
local store = keep(session:open_store())
local root = keep(store:root())
local inbox = keep(store:inbox())
local work = keep(inbox:create "Work")
keep(root:parent() or root)

local message = keep(inbox:import(table.concat({
    "From: Reading Room <room@example.org>", "To: team@example.org", "Subject: one", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "hello",
    "--b", "Content-Type: text/plain", "Content-Disposition: attachment; filename=a.txt", "", "attached",
    "--b", "Content-Type: message/rfc822", "", "From: x@example.org", "Subject: inner", "", "inner text", "--b--", "",
}, "\r\n")))
local attachments = {}
for attachment in message:attachments() do attachments[#attachments + 1] = keep(attachment) end
assert(#attachments == 2)
keep(attachments[2]:message())

-- Changes that are never saved.
local unsaved = keep(work:new_message { subject = "never saved" })
assert(unsaved:set("body", string.rep("x", 100000)))
assert(message:set("subject", "changed, not saved"))

-- Iterators in the middle, one of them in a coroutine that nobody finishes.
local thread = coroutine.create(function()
    for row in inbox:rows { columns = { "subject" } } do
        coroutine.yield(row)
    end
end)
assert(coroutine.resume(thread))
keep(thread)
local next_row, rows = inbox:rows { columns = { "subject" } }
assert(next_row(rows))
keep(rows)

-- Helpers of all three kinds, one of them holding a session of its own.
local owning = keep(mapi.helper { profile = "everything_open" })
keep(owning:get_session())
keep(mapi.helper { session = session })
keep(mapi.helper { get_session = function() return session end, hands_off = function() return true end })

-- Objects that reach each other in a circle, and themselves.
local circle = { session, store, message }
circle.self = circle
debug.setuservalue(io.stdout, circle, 1)
print("open objects", #session:objects())
