--- The default dialog handler: a question on the terminal, where somebody sits at one.
-- Loaded when a logoff first has something to ask. `mapi.set_dialog` replaces it.

local core = require "mapi.core"

--- "1 unsent message", "3 unsent messages".
local function counted(count, one, many)
    if count == 0 then
        return nil
    end
    return ("%d %s"):format(count, count == 1 and one or many)
end

--- "a", "a and b", "a, b and c".
local function joined(parts)
    local last = table.remove(parts)
    if #parts == 0 then
        return last
    end
    return table.concat(parts, ", ") .. " and " .. last
end

--- The question for a logoff that would leave something behind.
local function question(pending)
    local parts = {}
    local function add(count, one, many)
        parts[#parts + 1] = counted(count, one, many)
    end
    add(pending.unsent, "message is waiting to be sent", "messages are waiting to be sent")
    add(pending.unsaved, "object has changes that are not saved", "objects have changes that are not saved")
    add(pending.clients, "other client is logged on", "other clients are logged on")
    return ("Profile %s: %s. Log off all the same? [y/N]"):format(pending.profile, joined(parts))
end

--- Answers true to go on, false to cancel. Where nobody can be asked, nothing is asked and the logoff goes on.
return function(pending)
    return core.ask_terminal(question(pending)) ~= false
end
