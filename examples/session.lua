--- A MAPI session from beginning to end: mail is imported, listed and read, the session is lent and handed off, logged
-- off and gone.
--
--     make demo                                    with the messages of examples/mail
--     make demo MAIL="letter.eml ~/mail/archive"   with yours: files, or directories of them
--
-- Everything happens in the MAPI_HOME that `make demo` makes for it and removes afterwards.

local mapi = require "mapi"

-- ------------------------------------------------------------------------------------------------------------ showing

local function heading(text)
    print()
    print(text)
    print(("-"):rep(utf8.len(text)))
end

--- How many columns of a terminal a character takes: none, one or two.
local function columns_of(code)
    if code == 0x200B or code >= 0x300 and code <= 0x36F or code >= 0xFE00 and code <= 0xFE0F then
        return 0
    elseif code >= 0x1100 and code <= 0x115F or code >= 0x2E80 and code <= 0xA4CF or code >= 0xAC00 and code <= 0xD7A3
        or code >= 0xF900 and code <= 0xFAFF or code >= 0xFE30 and code <= 0xFE6F or code >= 0xFF00 and code <= 0xFF60
        or code >= 0x1F300 and code <= 0x1FAFF or code >= 0x20000 and code <= 0x3FFFD then
        return 2
    end
    return 1
end

--- Text in exactly `width` columns: cut with an ellipsis, or filled up with blanks.
local function fit(text, width)
    text = text:gsub("[%c]+", " ")
    local taken, last = 0, 0
    for at, code in utf8.codes(text) do
        local more = columns_of(code)
        if taken + more > width then
            while taken > width - 1 do
                at = utf8.offset(text, -1, at)
                taken = taken - columns_of(utf8.codepoint(text, at))
            end
            return text:sub(1, at - 1) .. "…" .. (" "):rep(width - taken - 1)
        end
        taken, last = taken + more, at
    end
    return text .. (" "):rep(width - taken), last
end

--- A size as people say it.
local function size(bytes)
    return bytes < 10000 and ("%d B"):format(bytes) or ("%d KB"):format((bytes + 512) // 1024)
end

local function person(who)
    who = who or {}
    if who.name and who.address and who.name ~= who.address then
        return ("%s <%s>"):format(who.name, who.address)
    end
    return who.name or who.address or "nobody"
end

-- ------------------------------------------------------------------------------------------------------- finding mail

local function quoted(path)
    return "'" .. path:gsub("'", "'\\''") .. "'"
end

--- The files that the arguments name, directories opened up.
local function mail_files(arguments)
    local files = {}
    for _, path in ipairs(arguments) do
        local pipe = assert(io.popen("find " .. quoted(path) .. " -maxdepth 1 -type f | LC_ALL=C sort"))
        for file in pipe:lines() do
            files[#files + 1] = file
        end
        pipe:close()
    end
    return files
end

local arguments = #arg > 0 and arg or { (arg[0]:match "^(.*)/[^/]*$" or ".") .. "/mail" }

-- ------------------------------------------------------------------------------------------------ a profile, a session

heading "A profile and a session"

local PROFILE = "demonstration"
assert(mapi.profiles.create(PROFILE))
local session = assert(mapi.logon(PROFILE))
print(("Logged on to profile %q; the session is %s."):format(session:profile(), session:state()))

local store = assert(session:open_store { write = true })
local inbox = assert(store:inbox())

local imported = 0
for _, path in ipairs(mail_files(arguments)) do
    local file = assert(io.open(path, "rb"))
    local message, why = inbox:import(file)
    file:close()
    if message then
        imported = imported + 1
        message:close()
    else
        print(("%s: %s"):format(path, why))
    end
end
print(("%d messages imported into %q of %q."):format(imported, inbox:path(), store:name()))

-- --------------------------------------------------------------------------------------------------- the Inbox, listed

heading(("%s: %d messages, %d unread (+ has attachments)"):format(inbox:name(), inbox:count(), inbox:unread()))

local listing = {
    columns = { "client_submit_time", "sent_representing_name", "subject", "message_size", "hasattach" },
    sort = "-client_submit_time",
}
print(("%-16s  %s  %s %8s"):format("Sent (UTC)", fit("From", 22), fit("Subject", 48), "Size"))
for row in inbox:rows(listing) do
    local date = row.client_submit_time and os.date("!%Y-%m-%d %H:%M", row.client_submit_time) or ""
    print(("%-16s  %s  %s %8s%s"):format(date, (fit(row.sent_representing_name or "", 22)),
        (fit(row.subject or "", 48)), size(row.message_size or 0), row.hasattach and " +" or ""))
end

-- --------------------------------------------------------------------------------------------------- one message, read

--- The newest message that matches, or nil.
local function newest(where)
    local found
    for message in inbox:messages { where = where, sort = "-client_submit_time", limit = 1 } do
        found = message
    end
    return found
end

local message = newest { "and", { "hasattach", "=", true }, { "message_class", "=", "IPM.Note" } } or newest()
if message then
    heading "One message"
    print("Subject  " .. (message:get "subject" or ""))
    print("From     " .. person(message:from()))
    for _, recipient in ipairs(message:recipients()) do
        print(("%-8s %s"):format(recipient.type:gsub("^%l", string.upper), person(recipient)))
    end
    for attachment in message:attachments() do
        local embedded <close> = attachment:get "attach_method" == 5 and attachment:message() or nil
        local what = embedded and ("a message: %s"):format(embedded:get "subject" or "")
            or size(#(attachment:data() or ""))
        print(("Attached %s, %s"):format(attachment:name() or "without a name", what))
        attachment:close()
    end
    print()
    local count = 0
    for line in (message:text() or ""):gmatch "[^\r\n]+" do
        count = count + 1
        print("  | " .. (fit(line, 76):gsub("%s+$", "")))
        if count == 6 then
            break
        end
    end
end

-- --------------------------------------------------------------------------------------------- lending and handing off

heading "Helpers: lending a session, handing it off"

local function show(call, ...)
    local answers = table.pack(...)
    for i = 1, answers.n do
        answers[i] = type(answers[i]) == "string" and ("%q"):format(answers[i]) or tostring(answers[i])
    end
    print(("%-34s -> %s"):format(call, table.concat(answers, ", ")))
end

local owning = assert(mapi.helper { profile = PROFILE })
show("owning:get_identity()", owning:get_identity())
show("owning:state()", owning:state())
local lent = assert(owning:get_session())
show("owning:get_session():profile()", lent:profile())
show("owning:state()", owning:state())
show("owning:hands_off()", owning:hands_off())
show("owning:state()", owning:state())
show("mapi.type(the session it lent)", mapi.type(lent))
print()
local borrowing = assert(mapi.helper { session = session })
show("borrowing:get_session() == session", borrowing:get_session() == session)
show("borrowing:hands_off()", borrowing:hands_off())
show("session:state()", session:state())
assert(owning:close())
assert(borrowing:close())

-- ------------------------------------------------------------------------------------------------------------- the end

heading "The end"

local open = { { "store", store }, { "inbox", inbox }, { "message", message } }
local kinds = {}
for _, object in ipairs(session:objects()) do
    kinds[#kinds + 1] = object.type .. (object.what and (" (%s)"):format(object.what) or "")
end
print("Still open:  " .. table.concat(kinds, ", "))
show("session:logoff()", session:logoff { ui = false })
for _, entry in ipairs(open) do
    show(("mapi.type(%s)"):format(entry[1]), mapi.type(entry[2]))
end
show("mapi.type(session)", mapi.type(session))
show("session:stores()", select(2, pcall(session.stores, session)))

assert(mapi.profiles.delete(PROFILE))
collectgarbage()
local left, names = 0, {}
for kind, count in pairs(mapi.stats()) do
    left = left + count
    if count > 0 then
        names[#names + 1] = ("%d %s"):format(count, kind)
    end
end
print(("Native objects alive, by mapi.stats(): %d%s"):format(left,
    left > 0 and " (" .. table.concat(names, ", ") .. ")" or ""))
os.exit(left == 0, true)
