--- Mail into the store and out again, a directory at a time, and what Python says of the difference.
--
--   lua5.4 spec/support/roundtrip.lua DIRECTORY     prints what differs, by message; `make roundtrip` runs it
local support = require "spec.support"

local roundtrip = {}

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The names of the files of a directory in their order; empty where there is none.
function roundtrip.names(directory)
    local names = {}
    local pipe = assert(io.popen("ls " .. quoted(directory) .. " 2>/dev/null"))
    for name in pipe:lines() do
        names[#names + 1] = name
    end
    pipe:close()
    return names
end

--- Whether Python is here.
function roundtrip.has_python()
    return (os.execute "python3 -c 'import email.policy' 2>/dev/null") or false
end

--- Imports each file of `from` into a folder, opens the message anew and exports it to the same name in `to`.
function roundtrip.convert(store, folder, from, to)
    local names = roundtrip.names(from)
    for _, name in ipairs(names) do
        local source <close> = assert(io.open(from .. "/" .. name, "rb"))
        local made <close> = assert(folder:import(source))
        local message <close> = assert(store:open(made:entryid()))
        local target <close> = assert(io.open(to .. "/" .. name, "wb"))
        assert(message:export { to = target, bcc = true })
    end
    return #names
end

--- Makes mail: `count` messages of a seed in a directory that exists.
function roundtrip.generate(directory, count, seed)
    local pipe = assert(io.popen(("python3 spec/support/mail_generator.py %s %d %s"):format(quoted(directory), count,
        quoted(tostring(seed)))))
    local said = pipe:read "a"
    assert(pipe:close(), "the mail generator failed")
    assert(said:find("^" .. count .. " made"), said)
end

--- The differences: an array of { name =, state =, what =, was =, is = }, and how many messages were compared.
function roundtrip.compare(before, after)
    local command = ("python3 spec/support/mail_roundtrip.py %s %s"):format(quoted(before), quoted(after))
    local pipe = assert(io.popen(command))
    local found, compared = {}, 0
    for line in pipe:lines() do
        local name, state, what, was, is = line:match "^([^\t]*)\t([^\t]*)\t([^\t]*)\t([^\t]*)\t(.*)$"
        if name then
            found[#found + 1] = { name = name, state = state, what = what, was = was, is = is }
        else
            compared = tonumber(line:match "^(%d+) compared$") or compared
        end
    end
    assert(pipe:close(), "the comparison failed")
    return found, compared
end

--- Two directories for a round trip, removed by the function that is the third result.
function roundtrip.directories()
    local before, after = support.new_home(), support.new_home()
    return before, after, function()
        support.remove_home(before)
        support.remove_home(after)
    end
end

-- As a program: a directory, or --generate COUNT [SEED].
if arg and arg[0] and arg[0]:find "roundtrip%.lua$" and arg[1] then
    local before, after, remove = roundtrip.directories()
    local session = support.logon()
    local store = assert(session:open_store { write = true })
    local from = arg[1]
    if arg[1] == "--generate" then
        roundtrip.generate(before, math.tointeger(tonumber(arg[2])), arg[3] or "1")
        from = before
    end
    roundtrip.convert(store, assert(store:inbox()), from, after)
    local found, compared = roundtrip.compare(from, after)
    for _, difference in ipairs(found) do
        print(("%s (%s): %s\n    was %s\n    is  %s"):format(difference.name, difference.state, difference.what,
            difference.was, difference.is))
    end
    print(("%d messages, %d differences"):format(compared, #found))
    session:logoff { ui = false }
    support.forget_profiles()
    remove()
end

return roundtrip
