--- The examples do what they say, word for word, and end.
local uv = require "luv"

local root = io.popen("pwd"):read "l"
local build = os.getenv "MAPI_BUILD_DIR" or root .. "/build"

--- What a command prints on either output, and what closing it answers.
local function lines_of(command)
    local pipe = assert(io.popen("( " .. command .. " ) 2>&1"))
    local lines = {}
    for line in pipe:lines() do
        lines[#lines + 1] = line
    end
    return lines, pipe:close()
end

local function exists(path)
    local file = io.open(path)
    return file and file:close()
end

local loop = {
    "told of message 1: number 1", "told of message 2: number 2", "told of message 3: number 3",
}

--- A home, and an mbox file with so many messages in it. Both are gone at the end.
local function import_place(count)
    local place = assert(uv.fs_mkdtemp(uv.os_tmpdir() .. "/lua-mapi-import.XXXXXX"))
    local file = assert(io.open(place .. "/mail", "w"))
    for i = 1, count do
        file:write("From desk@example.org Thu Jan  1 00:00:10 1970\n",
            "From: desk@example.org\nSubject: ", i, "\n\ntext\n\n")
    end
    file:close()
    return setmetatable({ path = place }, { __close = function() os.execute("rm -rf '" .. place .. "'") end })
end

local function import_command(place, arguments)
    return ("MAPI_HOME='%s/home' lua5.4 examples/import.lua %s '%s/mail'"):format(place.path, arguments, place.path)
end

--- Runs a command on a terminal of its own; presses Ctrl-C when `ready` says so of what was shown. → text, exit status
local function on_terminal(command, ready)
    local input, output = assert(uv.new_pipe()), assert(uv.new_pipe())
    local shown, pressed, status = "", false, nil
    local process = assert(uv.spawn("script", {
        args = { "-q", "-e", "-f", "-c", command, "/dev/null" }, stdio = { input, output, 2 },
    }, function(code) status = code end))
    output:read_start(function(_, data)
        shown = shown .. (data or "")
        if data and not pressed and ready(shown) then
            pressed = true
            input:write "\3"
        end
    end)
    while not status do
        uv.run "once"
    end
    uv.run "nowait"
    for _, handle in ipairs { input, output, process } do
        handle:close()
    end
    uv.run "nowait"
    return shown, status
end

describe("examples", function()
    it("host.c plays two scripts on one session, between them a plain poll", function()
        local host = build .. "/spec/host"
        if not exists(host) then
            return pending "the build has no example host"
        end
        local lines, ok = lines_of(".ci/with-home timeout 60 " .. host)
        assert.same({
            "watcher: on profile host, waiting for a message",
            "writer: putting a message into Inbox",
            "watcher: there is a new one: Hello from the other state",
            "host: both are done, and the session has been logged off",
        }, lines)
        assert.is_true(ok)
    end)

    it("host.c ends with the error of a script, not with a crash", function()
        local host = build .. "/spec/host"
        if not exists(host) then
            return pending "the build has no example host"
        end
        local script = os.tmpname()
        local file = assert(io.open(script, "w"))
        file:write "error { 'no sentence' }\n"
        file:close()
        local lines, ok, how, code = lines_of(".ci/with-home timeout 60 " .. host .. " " .. script .. " " .. script)
        os.remove(script)
        assert.same({ "host: watcher" }, lines)
        assert.is_nil(ok)
        assert.same({ "exit", 1 }, { how, code })
    end)

    it("loop_luv.lua is told by a libuv loop", function()
        if not pcall(require, "luv") then
            return pending "luv is not installed"
        end
        local lines, ok = lines_of ".ci/with-home timeout 60 lua5.4 examples/loop_luv.lua"
        assert.same({ loop[1], loop[2], loop[3], "the loop has nothing left to do" }, lines)
        assert.is_true(ok)
    end)

    it("loop_poll.lua is told by poll", function()
        if not pcall(require, "posix.poll") then
            return pending "lua-posix is not installed; host.c does the same"
        end
        local lines, ok = lines_of ".ci/with-home timeout 60 lua5.4 examples/loop_poll.lua"
        assert.same({ loop[1], loop[2], loop[3], "all have been told" }, lines)
        assert.is_true(ok)
    end)

    it("search.lua shows what a search folder has found, as it comes and goes", function()
        local lines, ok = lines_of ".ci/with-home timeout 60 lua5.4 examples/search.lua"
        assert.same({
            "There were: Invoice 1 (Inbox)",
            "After another has come: Invoice 1 (Inbox), Invoice 2 (Work)",
            "After that was read: Invoice 1 (Inbox)",
            "After it was marked unread again, and thrown away: Invoice 1 (Inbox)",
            "The search folder is gone, and the Inbox still has 2 messages.",
        }, lines)
        assert.is_true(ok)
    end)

    it("shared.lua: a third process logs off for all, and the other two are told once", function()
        local lines, ok = lines_of("timeout 120 .ci/demo-shared '" .. build .. "' lua5.4")
        local told = ": was told MAPI_E_END_OF_SESSION: a sharer has logged off for all; "
            .. "the session is now 'shutdown pending'"
        assert.same({
            "first: shares a new session, profile 'shared demo'",
            "first: is waiting; nothing of it runs meanwhile",
            "second: joined the shared session, profile 'shared demo'",
            "second: is waiting; nothing of it runs meanwhile",
            "third: joined the shared session, profile 'shared demo'",
            "third: logs off for all",
            "third: has logged off",
            "first" .. told,
            "first: has logged off, having been told once",
            "second" .. told,
            "second: has logged off, having been told once",
            "All three have ended, and nothing is left in the runtime directory.",
        }, lines)
        assert.is_true(ok)
    end)

    it("shared.lua says how it is used", function()
        local lines, ok, _, code = lines_of ".ci/with-home lua5.4 examples/shared.lua"
        assert.same({ "usage: lua5.4 examples/shared.lua hold|end [name]" }, lines)
        assert.is_nil(ok)
        assert.equal(2, code)
    end)

    it("import.lua imports, and leaves out what is there", function()
        local place <close> = import_place(3)
        local mail = place.path .. "/mail"
        local lines, ok = lines_of(import_command(place, "--create demo Archive/2024"))
        assert.same({ mail .. ": 3 messages imported, 0 there before, 0 refused" }, lines)
        assert.is_true(ok)
        lines, ok = lines_of(import_command(place, "demo Archive/2024"))
        assert.same({ mail .. ": 0 messages imported, 3 there before, 0 refused" }, lines)
        assert.is_true(ok)
        local _, code
        lines, ok, _, code = lines_of(import_command(place, "demo Archive/2024 /dev/null nothing"))
        assert.same({
            "import: nothing: No such file or directory",
            mail .. ": 0 messages imported, 3 there before, 0 refused",
        }, { lines[2], lines[3] })
        assert.same({ nil, 1 }, { ok, code })
        -- A folder "A\\" with a folder "B" was made.
        lines = lines_of(import_command(place, "--create demo 'Archive/A\\/B'"))
        assert.same({ mail .. ": 3 messages imported, 0 there before, 0 refused" }, lines)
        lines = lines_of(import_command(place, "demo 'Archive/A\\/B'"))
        assert.same({ mail .. ": 0 messages imported, 3 there before, 0 refused" }, lines)
        lines, _, _, code = lines_of(import_command(place, "demo Nowhere"))
        assert.truthy(lines[1]:find "MAPI_E_NOT_FOUND")
        assert.equal(1, code)
        lines, _, _, code = lines_of "lua5.4 examples/import.lua demo Archive"
        assert.same({ "usage: import.lua [--create] PROFILE FOLDER PATH..." }, lines)
        assert.equal(2, code)
    end)

    it("import.lua shows a bar, ends at Ctrl-C, and goes on when it is run again", function()
        if os.execute "script -qec true /dev/null > /dev/null 2>&1" ~= true then
            return pending "script is not installed"
        end
        local place <close> = import_place(20000)
        local shown, status = on_terminal(import_command(place, "--create demo Archive"), function(text)
            return text:find "[1-9][%d,]* messages"
        end)
        assert.equal(130, status)
        local bar = shown:match "%[#*%.+%] +%d+%%  [%d.]+ %a+ of [%d.]+ MB  [%d,]+ messages"
        assert.truthy(bar, shown)
        local there = shown:match "import: interrupted; ([%d,]+) messages imported. Run it again to go on."
        assert.truthy(there, shown)
        there = tonumber((there:gsub(",", "")))
        assert(there > 0 and there < 20000)
        shown, status = on_terminal(import_command(place, "demo Archive"), function() return false end)
        assert.equal(0, status)
        assert.truthy(shown:find("100% ", 1, true), shown)
        local new, old = shown:match "mail: ([%d,]+) messages imported, ([%d,]+) there before, 0 refused"
        assert.same({ 20000 - there, there }, { tonumber((new:gsub(",", ""))), tonumber((old:gsub(",", ""))) })
    end)
end)
