--- Imports mbox files and Maildirs into a folder, with a bar that shows how far it is.
--
--     lua5.4 examples/import.lua [--create] PROFILE FOLDER PATH...
--
-- A path is an mbox file or a Maildir, which is found out by looking; a Maildir's folders become folders below. With
-- `--create`, a profile or folder that is missing is made. What the folder has already is left out: so it can be
-- interrupted, by Ctrl-C or in any other way, and run again, and in the end everything is there once.
--
-- It ends with 0; with 1 when something could not be imported; with 2 when called wrongly; with 130 after Ctrl-C.

local mapi = require "mapi"

-- ------------------------------------------------------------------------------------------------------------ showing

local terminal = os.execute "test -t 2" == true

local function warn_user(text)
    io.stderr:write(terminal and "\r\27[K" or "", "import: ", text, "\n")
end

--- 1234567 → "1,234,567"
local function thousands(number)
    local text = tostring(number):reverse():gsub("(%d%d%d)", "%1,"):reverse()
    return (text:gsub("^,", ""))
end

local function messages(number)
    return thousands(number) .. (number == 1 and " message" or " messages")
end

local function size(bytes)
    for _, unit in ipairs { "B", "KB", "MB" } do
        if bytes < 1000 then
            return (unit == "B" and "%d %s" or "%.1f %s"):format(bytes, unit)
        end
        bytes = bytes / 1000
    end
    return ("%.2f GB"):format(bytes)
end

local function duration(seconds)
    if seconds >= 3600 then
        return ("%d:%02d:%02d"):format(seconds // 3600, seconds // 60 % 60, seconds % 60)
    end
    return ("%d:%02d"):format(seconds // 60, seconds % 60)
end

local function terminal_width()
    local pipe = io.popen "stty size 2> /dev/null < /dev/tty"
    local width = pipe and tonumber(pipe:read "a":match "^%d+ (%d+)")
    if pipe then
        pipe:close()
    end
    return width and width > 0 and width or 80
end

--- A function for `progress` that draws a bar, or nothing where nobody would see it.
local function bar()
    if not terminal then
        return function() end
    end
    local began, width = os.time(), terminal_width()
    return function(done, total, imported, skipped)
        local share = total > 0 and done / total or 1
        local elapsed = os.difftime(os.time(), began)
        local text = (" %3d%%  %s of %s  %s"):format(
            share * 100 // 1, size(done), size(total), messages(imported + skipped))
        if elapsed >= 2 then
            text = ("%s  %s/s"):format(text, thousands((imported + skipped) // elapsed | 0))
            if share > 0 and share < 1 then
                text = ("%s  %s left"):format(text, duration(elapsed * (1 - share) / share // 1 | 0))
            end
        end
        local room = math.min(width - #text - 4, 40)
        if room >= 8 then
            local full = share * room // 1 | 0
            text = "[" .. ("#"):rep(full) .. ("."):rep(room - full) .. "]" .. text
        end
        io.stderr:write("\r", text:sub(1, width - 1), "\27[K")
    end
end

-- ------------------------------------------------------------------------------------------------------------ finding

local function is_directory(path)
    local file = io.open(path .. "/.")
    return file ~= nil and file:close()
end

--- "maildir" or "mbox"; nil and why it is neither.
local function kind_of(path)
    if is_directory(path) then
        if is_directory(path .. "/cur") or is_directory(path .. "/new") then
            return "maildir"
        end
        return nil, path .. " is a directory, but not a Maildir"
    end
    local file, problem = io.open(path, "rb")
    if not file then
        return nil, problem
    end
    local start = file:read(5)
    file:close()
    if start == nil or start == "From " then
        return "mbox"
    end
    return nil, path .. " is neither an mbox file nor a Maildir"
end

--- How many messages are in a folder and those below it.
local function count(folder)
    local sum = assert(folder:count())
    for child in folder:folders() do
        sum = sum + count(child)
    end
    return sum
end

-- ----------------------------------------------------------------------------------------------------------- importing

--- Imports one path; whether all of it is there now.
local function import(folder, path)
    local kind, problem = kind_of(path)
    if not kind then
        warn_user(problem)
        return false
    end
    local options = { skip_duplicates = true, progress = bar() }
    local number, text, report
    if kind == "mbox" then
        number, text, report = folder:import_mbox(path, options)
    else
        options.recursive = true
        number, text, report = folder:import_maildir(path, options)
    end
    if not number then
        warn_user(path .. ": " .. text)
        return false
    end
    for _, failure in ipairs(report.failures) do
        warn_user(("%s, byte %d: %s"):format(failure.path, failure.offset, failure.message))
    end
    io.stderr:write(terminal and "\r\27[K" or "")
    print(("%s: %s imported, %s there before, %s refused"):format(
        path, messages(number), thousands(report.skipped), thousands(report.failed)))
    return report.failed == 0
end

--- Iterates the names in a path as store:folder takes it: "Inbox/A\/B" → "Inbox", "A/B"
local function names(path)
    local escaped = { ["\\\\"] = "\0", ["\\/"] = "\1" }
    local next_part = path:gsub("\\[\\/]", escaped):gmatch "[^/]+"
    return function()
        local part = next_part()
        return part and part:gsub("%z", "\\"):gsub("\1", "/")
    end
end

local function open(profile, path, create)
    if create and not mapi.profiles.create(profile) then
        create = "folder" -- the profile is there already, or logging on says what is wrong
    end
    local session = assert(mapi.logon(profile))
    local store = assert(session:open_store { write = true })
    local folder, problem, name = store:folder(path)
    if not folder and name == "MAPI_E_NOT_FOUND" and create then
        folder = assert(store:folder "")
        for name_of_part in names(path) do
            folder = assert(folder:create(name_of_part, { open_if_exists = true }))
        end
    end
    return session, assert(folder, problem)
end

local function main(profile, path, paths, create)
    local session <close>, folder = open(profile, path, create) -- luacheck: ignore session
    local before, complete = count(folder), true
    for _, source in ipairs(paths) do
        local ok, result = pcall(import, folder, source)
        if not ok and tostring(result):find "interrupted!$" then
            warn_user(("interrupted; %s imported. Run it again to go on."):format(messages(count(folder) - before)))
            return 130
        end
        complete = assert(ok, result) and result and complete
    end
    return complete and 0 or 1
end

-- ----------------------------------------------------------------------------------------------------------- arguments

local arguments = { table.unpack(arg) }
local create = arguments[1] == "--create" and table.remove(arguments, 1) ~= nil
if #arguments < 3 or arguments[1]:sub(1, 2) == "--" then
    io.stderr:write "usage: import.lua [--create] PROFILE FOLDER PATH...\n"
    os.exit(2)
end
local ok, status = pcall(main, arguments[1], arguments[2], { table.unpack(arguments, 3) }, create)
if not ok then
    local interrupted = tostring(status):find "interrupted!$"
    warn_user(interrupted and "interrupted; nothing imported" or tostring(status))
    status = interrupted and 130 or 1
end
os.exit(status, true)
